import { Backlog } from '../harness/backlog.js';
import type { Context } from '../harness/context.js';
import { count } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';

const ENDPOINTS = 100;
const DELIVERIES = 100_000;
const PARTS = 10;
/** The receiver notes the time of the first and of each thousandth event. */
const MARK_EVERY = 1_000;

export interface LongBacklog {
  deliveries: number;
  /** Deliveries per second in each tenth of the backlog, in order. */
  rates: number[];
}

/** Whether a long backlog drains as fast at its end as at its beginning. */
export function measureLongBacklog(context: Context): Promise<LongBacklog> {
  return Scope.run(async (scope) => {
    const backlog = await Backlog.open(context.backing, ENDPOINTS, scope);
    await backlog.drain(1_000, 0);
    const deliveries = context.quick ? DELIVERIES / 5 : DELIVERIES;
    const { marks } = await backlog.drain(deliveries, 0);
    const perPart = deliveries / PARTS;
    const at = (part: number): number => marks[Math.round((part * perPart) / MARK_EVERY)]!;
    const rates = Array.from({ length: PARTS }, (_, part) => (perPart / (at(part + 1) - at(part))) * 1_000);
    context.log(`tenths: ${rates.map(count).join(', ')} per second`);
    return { deliveries, rates };
  });
}
