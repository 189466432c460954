import type { BatchOptions } from '../endpoints/endpoint.entity.js';

export interface Waiting {
  due_at: number;
  conversation_id: string | null;
}

/**
 * Cuts what is due, in its order, into at most `most` batches: full ones, and one that is not when its oldest has waited
 * long enough. What is left out waits. With `ordered` a conversation is in one batch only, since batches are under way
 * at the same time.
 */
export function cutBatches<T extends Waiting>(due: readonly T[], { max_items, max_wait_ms }: BatchOptions, ordered: boolean, most: number, now: number): T[][] {
  const batches: T[][] = [];
  const elsewhere = new Set<string>();
  let batch: T[] = [];
  for (const one of due) {
    if (batches.length === most) return batches;
    if (ordered && one.conversation_id !== null && elsewhere.has(one.conversation_id)) continue;
    batch.push(one);
    if (batch.length < max_items) continue;
    for (const { conversation_id } of batch) if (conversation_id !== null) elsewhere.add(conversation_id);
    batches.push(batch);
    batch = [];
  }
  const oldest = Math.min(...batch.map(({ due_at }) => due_at));
  if (batch.length > 0 && batches.length < most && oldest + max_wait_ms <= now) batches.push(batch);
  return batches;
}

/** The first of these, as many as fit into so many bytes; the very first in any case. */
export function withinBytes<T>(batch: readonly T[], bytesOf: (one: T) => number, mostBytes: number): T[] {
  let bytes = 0;
  const end = batch.findIndex((one, index) => (bytes += bytesOf(one)) > mostBytes && index > 0);
  return batch.slice(0, end === -1 ? batch.length : end);
}
