import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import type { BatchOptions } from '../endpoints/endpoint.entity.js';
import { DeliveryRows } from './delivery-rows.js';
import type { DeliveryRow } from './delivery-rows.js';
import { earliest } from './due.js';
import type { Due } from './due.js';

/** Best effort: what has been due for longest goes first, and nothing waits for another. */
@Injectable()
export class DueFreely implements Due {
  constructor(
    private readonly rows: DeliveryRows,
    private readonly clock: Clock,
  ) {}

  async take(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    const [rows] = await this.rows.takeOfEach([{ callbackId, limit }]);
    return rows!;
  }

  async takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    const now = this.clock.now();
    return this.rows.lockBatches(await this.rows.membersOf(callbackId, now, await this.rows.dueBatches(callbackId, now, limit)));
  }

  async takeUnbatched(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    const found = await this.rows.find(callbackId, 'due', 'd.due_at <= ? AND d.batch_id IS NULL ORDER BY d.due_at LIMIT ?', [this.clock.now(), limit]);
    return this.rows.lock(found);
  }

  async nextDueAt(callbackId: string): Promise<number | null> {
    const [time] = await this.rows.times(callbackId, 'd.due_at > 0', [], 1);
    return time ?? null;
  }

  async nextBatchAt(callbackId: string, { max_items, max_wait_ms }: BatchOptions): Promise<number | null> {
    const [again] = await this.rows.times(callbackId, 'd.due_at > 0 AND d.batch_id IS NOT NULL', [], 1);
    const times = await this.rows.times(callbackId, 'd.due_at > 0 AND d.batch_id IS NULL', [], max_items);
    return earliest(again, times[0] === undefined ? undefined : times[0] + max_wait_ms, times[max_items - 1]);
  }
}
