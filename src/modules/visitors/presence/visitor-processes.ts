import { Injectable } from '@nestjs/common';
import { changeRows } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';

/** The processes that hold sockets of visitors, and until when each has said that it lives. */
@Injectable()
export class VisitorProcesses {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async add(id: string, aliveUntil: number): Promise<void> {
    await this.unitOfWork.run(() => changeRows(this.unitOfWork, 'INSERT INTO visitor_processes (id, alive_until, lapsed) VALUES (?, ?, 0)', [id, aliveUntil]));
  }

  /** False when it was taken for dead meanwhile. */
  async renew(id: string, aliveUntil: number): Promise<boolean> {
    return this.unitOfWork.run(async () =>
      (await changeRows(this.unitOfWork, 'UPDATE visitor_processes SET alive_until = ? WHERE id = ? AND lapsed = 0', [aliveUntil, id])) > 0);
  }

  /** Takes for dead whoever has said nothing, also those that were before and are not cleared away yet. */
  async lapse(now: number): Promise<string[]> {
    await this.unitOfWork.run(() => changeRows(this.unitOfWork, 'UPDATE visitor_processes SET lapsed = 1 WHERE alive_until < ? AND lapsed = 0', [now]));
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM visitor_processes WHERE lapsed = 1');
    return rows.map(({ id }) => id);
  }

  async connectionsOf(id: string, limit: number): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM visitor_connections WHERE process_id = ? ORDER BY id LIMIT ?', [id, limit]);
    return rows.map((row) => row.id);
  }

  async remove(id: string): Promise<void> {
    await this.unitOfWork.run(() => changeRows(this.unitOfWork, 'DELETE FROM visitor_processes WHERE id = ?', [id]));
  }
}
