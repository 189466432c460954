import { changeRows } from '../database/rows.js';
import type { UnitOfWork } from '../database/unit-of-work.js';

const BATCH = 1000;

/**
 * Gives committed events their position: 1, 2, 3 … within the organization. A transaction that commits late gets a
 * late position, so that a reader who follows positions never skips it. The row lock on `event_positions` makes it
 * one at a time per organization, whichever process runs it; readers run it before they read, so that they see what
 * they have written.
 */
export class Sequencer {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Sequences what is committed now; returns the last position given. */
  async sequence(organizationId: string): Promise<number> {
    for (;;) {
      if (!(await this.hasWork(organizationId))) return this.lastPosition(organizationId);
      const { count, last } = await this.sequenceBatch(organizationId);
      if (count < BATCH) return last;
    }
  }

  /** Sequences every organization that has something new. One look for each: of EXISTS MariaDB makes a join that reads the whole index. */
  async sequenceAll(): Promise<void> {
    const organizations = await this.unitOfWork.query<{ organization_id: string }>(
      `SELECT p.organization_id FROM event_positions p
       WHERE 1 = (SELECT 1 FROM events e WHERE e.organization_id = p.organization_id AND e.position IS NULL LIMIT 1)`,
    );
    for (const { organization_id } of organizations) await this.sequence(organization_id);
  }

  async lastPosition(organizationId: string): Promise<number> {
    const [row] = await this.unitOfWork.query<{ last_position: number }>(
      'SELECT last_position FROM event_positions WHERE organization_id = ?',
      [organizationId],
    );
    return row === undefined ? 0 : Number(row.last_position);
  }

  private async hasWork(organizationId: string): Promise<boolean> {
    const rows = await this.unitOfWork.query('SELECT 1 AS found FROM events WHERE organization_id = ? AND position IS NULL LIMIT 1', [organizationId]);
    return rows.length > 0;
  }

  private sequenceBatch(organizationId: string): Promise<{ count: number; last: number }> {
    return this.unitOfWork.run(async () => {
      const [lock] = await this.unitOfWork.query<{ last_position: number }>(
        `SELECT last_position FROM event_positions WHERE organization_id = ?${this.unitOfWork.forUpdate}`,
        [organizationId],
      );
      const start = Number(lock?.last_position ?? 0);
      const rows = await this.unitOfWork.query<{ number: number }>(
        `SELECT number FROM events WHERE organization_id = ? AND position IS NULL ORDER BY number LIMIT ${BATCH}`,
        [organizationId],
      );
      let position = start;
      for (const run of contiguousRuns(rows.map((row) => Number(row.number)))) {
        await changeRows(this.unitOfWork, 'UPDATE events SET position = number + ? WHERE number BETWEEN ? AND ?', [
          position + 1 - run.first, run.first, run.last,
        ]);
        position += run.last - run.first + 1;
      }
      if (position > start) {
        await changeRows(this.unitOfWork, 'UPDATE event_positions SET last_position = ? WHERE organization_id = ?', [position, organizationId]);
      }
      return { count: rows.length, last: position };
    });
  }
}

/** Numbers that follow one another without a gap get their positions in one statement. */
function contiguousRuns(numbers: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run.last + 1 === number) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}
