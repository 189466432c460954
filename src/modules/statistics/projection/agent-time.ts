import { NO_LABELS, merged, ordered, quartersBetween } from '../cells/cell.js';
import type { Cell } from '../cells/cell.js';
import { valuesOf } from '../cells/sources.js';

/**
 * A time in which nothing about an agent changed that is counted, or, of no status, the time for which it had a conversation.
 */
export interface AgentPeriod {
  agentId: string;
  department: string | null;
  status: string | null;
  /** Conversations that it had. */
  active: number;
  /** Whether they count as handled. */
  handling: boolean;
  fromMs: number;
  toMs: number;
}

const SIGNED_IN = ['online', 'busy', 'away'];

function isSignedIn(status: string | null): boolean {
  return status !== null && SIGNED_IN.includes(status);
}

/** Whether there is anything to count in it. */
export function counts({ status, active, handling }: Pick<AgentPeriod, 'status' | 'active' | 'handling'>): boolean {
  return isSignedIn(status) || (handling && active > 0);
}

/** What a period counts for, by UTC day. */
export function cellsOfPeriod({ agentId, department, status, active, handling, fromMs, toMs }: AgentPeriod): Map<string, Cell[]> {
  const days = new Map<string, Cell[]>();
  if (!counts({ status, active, handling })) return days;
  const signedIn = isSignedIn(status);
  const handled = handling ? active : 0;
  for (const { day, quarter, ms } of quartersBetween(fromMs, toMs)) {
    const values = valuesOf('presence', {
      ...(signedIn && { [`${status}_ms`]: ms }),
      handling_ms: handled * ms,
      occupied_ms: signedIn && active > 0 ? ms : 0,
    });
    const cell = { quarter, labels: { ...NO_LABELS, agent: agentId, department }, values };
    const known = days.get(day);
    if (known === undefined) days.set(day, [cell]);
    else known.push(cell);
  }
  return days;
}

/** By agent and day. */
export function cellsOfPeriods(periods: readonly AgentPeriod[]): Map<string, Map<string, Cell[]>> {
  const found = new Map<string, Map<string, Cell[]>>();
  for (const period of periods) {
    const days = found.get(period.agentId) ?? new Map<string, Cell[]>();
    found.set(period.agentId, days);
    for (const [day, cells] of cellsOfPeriod(period)) days.set(day, [...(days.get(day) ?? []), ...cells]);
  }
  for (const days of found.values()) for (const [day, cells] of days) days.set(day, ordered(merged(cells)));
  return found;
}
