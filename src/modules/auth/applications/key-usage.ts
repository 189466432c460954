import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { changeRows } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { LOGGER } from '../../../platform/observability/tokens.js';

/** How exact `last_used_at` is, and how often it is written at the most. */
const RESOLUTION_MS = 60_000;
const WRITE_EVERY_MS = 10_000;
const BATCH = 100;

/** A key in use in this process. */
export interface UsedKey {
  table: 'api_keys' | 'signing_keys';
  id: string;
  /** Unix milliseconds: as written, or as noted since. */
  lastUsedAt: number;
}

/** Remembers which keys are used, and writes it down from time to time: a request never waits for that. */
@Injectable()
export class KeyUsage implements OnModuleDestroy {
  private unwritten = new Map<string, { table: UsedKey['table']; usedAt: number }>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    timers: WorkerTimers,
  ) {
    const task = { name: 'key-usage', everyMs: WRITE_EVERY_MS, failure: 'the last use of keys could not be written; the next try comes soon' };
    timers.everyHere(task, () => this.write());
  }

  note(key: UsedKey): void {
    const now = this.clock.now();
    if (now - key.lastUsedAt < RESOLUTION_MS) return;
    key.lastUsedAt = now;
    this.unwritten.set(key.id, { table: key.table, usedAt: now });
  }

  async write(): Promise<void> {
    // In the order of ids, so that two processes that write the same rows never wait for each other.
    const uses = [...this.unwritten].sort(([one], [other]) => (one < other ? -1 : 1));
    for (let start = 0; start < uses.length; start += BATCH) {
      const batch = uses.slice(start, start + BATCH);
      await this.unitOfWork.run(async () => {
        for (const [id, { table, usedAt }] of batch) await this.writeUse(table, id, usedAt);
      });
      for (const [id, use] of batch) if (this.unwritten.get(id) === use) this.unwritten.delete(id);
    }
  }

  async onModuleDestroy(): Promise<void> {
    await this.write().catch((error: unknown) => this.logger.warn({ err: error }, 'the last use of some keys was not written'));
  }

  /** Does nothing where a use less than a minute before is written already. */
  private async writeUse(table: UsedKey['table'], id: string, usedAt: number): Promise<void> {
    await changeRows(
      this.unitOfWork,
      `UPDATE ${table} SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)`,
      [usedAt, id, usedAt - RESOLUTION_MS],
    );
  }
}
