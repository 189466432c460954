import type { BatchOptions } from '../endpoints/endpoint.entity.js';
import type { DeliveryRow } from './delivery-rows.js';

/** What may be sent next to an endpoint: one way for each kind of order that it can ask for. What is taken is locked. */
export interface Due {
  /** What may go by itself. */
  take(callbackId: string, limit: number): Promise<DeliveryRow[]>;
  /** The batches that are due again, each whole. */
  takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]>;
  /** What can go into new batches at the same time as these. */
  takeUnbatched(callbackId: string, limit: number, batch: BatchOptions, beside: readonly DeliveryRow[][]): Promise<DeliveryRow[]>;
  /** When to look again: not after there is something to take or somebody's claim ends; null when nothing is outstanding. */
  nextDueAt(callbackId: string): Promise<number | null>;
  /** As `nextDueAt`, of an endpoint with batches. */
  nextBatchAt(callbackId: string, batch: BatchOptions): Promise<number | null>;
}

/** The first of the times that are known. */
export function earliest(...times: (number | null | undefined)[]): number | null {
  const known = times.filter((time) => time !== null && time !== undefined);
  return known.length === 0 ? null : Math.min(...known);
}
