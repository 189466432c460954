import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import type { BatchOptions } from '../endpoints/endpoint.entity.js';
import type { DeliveryRow } from './delivery-rows.js';
import { DeliveryRows } from './delivery-rows.js';

/** What may be sent next to an endpoint, one way for each kind of order that it can ask for. What is taken is locked. */
export interface Due {
  /** What may go by itself. */
  take(callbackId: string, limit: number): Promise<DeliveryRow[]>;
  /** The batches that are due again, each whole. */
  takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]>;
  /** What can go into new batches at the same time as these. */
  takeUnbatched(callbackId: string, limit: number, beside: readonly DeliveryRow[][]): Promise<DeliveryRow[]>;
  /** When there is something to take, or somebody's claim ends; null when nothing is outstanding. */
  nextDueAt(callbackId: string): Promise<number | null>;
  /** As `nextDueAt`, of an endpoint with batches. */
  nextBatchAt(callbackId: string, batch: BatchOptions): Promise<number | null>;
}

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
    return this.rows.lockBatches(await this.rows.dueBatches(callbackId, limit));
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
    return earliest(again, plus(times[0], max_wait_ms), times[max_items - 1]);
  }
}

export function earliest(...times: (number | undefined)[]): number | null {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? null : Math.min(...known);
}

export function plus(time: number | undefined, ms: number): number | undefined {
  return time === undefined ? undefined : time + ms;
}
