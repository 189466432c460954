import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../../../kernel/clock.js';
import { addRows, changeRows } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { fromText, merged } from '../cells/cell.js';
import { pack } from '../cells/packed-cells.js';
import type { Source } from '../cells/sources.js';

const EVERY_MS = 20_000;
const TASK = { name: 'statistics-packs', everyMs: EVERY_MS, leaseMs: 3 * EVERY_MS, failure: 'days of statistics could not be packed; the next try comes soon' };
/** What changes meanwhile waits: reports read the facts of that day. */
const REPACK_AFTER_MS = 5 * 60_000;
/** Looked for at once. */
const BATCH = 50;

interface StaleDay {
  organization_id: string;
  source: Source;
  day: string;
  version: number;
}

/** Puts the facts of each day that has changed into one row. Reports read the facts themselves until then. */
@Injectable()
export class PackDays {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  /** Ends when no day is left that was stale as it began. */
  async run(stopping?: AbortSignal): Promise<void> {
    let last: StaleDay | null = null;
    do {
      const stale: StaleDay[] = await this.stale(last);
      for (const day of stale) {
        if (stopping?.aborted === true) return;
        const begunAt = performance.now();
        await this.packDay(day);
        // As long a pause as the step was: the messages of the day come first.
        await delay(performance.now() - begunAt);
      }
      last = stale.at(-1) ?? null;
    } while (last !== null);
  }

  private stale(after: StaleDay | null): Promise<StaleDay[]> {
    const behind = after === null ? '' : ' AND (organization_id > ? OR (organization_id = ? AND (source > ? OR (source = ? AND day > ?))))';
    const place = after === null ? [] : [after.organization_id, after.organization_id, after.source, after.source, after.day];
    return this.unitOfWork.query<StaleDay>(
      `SELECT organization_id, source, day, version FROM statistics_days WHERE stale = 1 AND pack_after <= ?${behind} ORDER BY organization_id, source, day LIMIT ${BATCH}`,
      [this.clock.now(), ...place],
    );
  }

  private async packDay({ organization_id, source, day }: StaleDay): Promise<void> {
    const key = [organization_id, source, day];
    // The version is read before the facts: a pack may be newer than it says, and is then made again.
    const [row] = await this.unitOfWork.query<{ version: number }>('SELECT version FROM statistics_days WHERE organization_id = ? AND source = ? AND day = ?', key);
    if (row === undefined) return;
    const version = Number(row.version);
    const facts = await this.unitOfWork.query<{ cells: string }>('SELECT cells FROM statistics_facts WHERE organization_id = ? AND source = ? AND day = ?', key);
    const bytes = pack(merged(facts.flatMap(({ cells }) => fromText(cells))));
    await this.unitOfWork.run(async () => {
      const current = await changeRows(this.unitOfWork, 'UPDATE statistics_days SET stale = 0, pack_after = ? WHERE organization_id = ? AND source = ? AND day = ? AND version = ?', [this.clock.now() + REPACK_AFTER_MS, ...key, version]);
      // It has changed meanwhile: the next run packs it.
      if (current === 0) return;
      await this.unitOfWork.write('DELETE FROM statistics_packs WHERE organization_id = ? AND source = ? AND day = ?', key);
      await addRows(this.unitOfWork, 'statistics_packs', ['organization_id', 'source', 'day', 'version', 'pack'], [[...key, version, bytes]]);
    });
  }
}
