import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { TicketFacts } from '../../tickets/ticket-facts.contract.js';
import { dayOf, merged, nextDay, quarterOf, startOfDay } from '../cells/cell.js';
import type { Cell } from '../cells/cell.js';
import { pack } from '../cells/packed-cells.js';
import { valuesOf } from '../cells/sources.js';
import type { Source } from '../cells/sources.js';
import type { ReadDay } from '../facts/read-days.js';
import { cellsOfPeriod, counts } from '../projection/agent-time.js';
import type { AgentPeriod } from '../projection/agent-time.js';
import { labelsOfTicket } from '../projection/count-tickets.js';
import { ServingAgents } from '../projection/serving-agents.js';

/** Unix milliseconds; the second is excluded. */
export interface Range {
  fromMs: number;
  toMs: number;
}

export type OngoingDay = Omit<ReadDay, 'version'>;

/** What grows while nothing happens: the time of agents since their last change, and tickets that became overdue. */
@Injectable()
export class OngoingCells {
  constructor(
    private readonly serving: ServingAgents,
    private readonly tickets: TicketFacts,
  ) {}

  async read(organizationId: string, sources: readonly Source[], range: Range, now: number): Promise<OngoingDay[]> {
    return [
      ...(sources.includes('presence') ? await this.presence(organizationId, range, now) : []),
      ...(sources.includes('ticket') ? await this.overdue(organizationId, range, now) : []),
    ];
  }

  private async presence(organizationId: string, { fromMs, toMs }: Range, now: number): Promise<OngoingDay[]> {
    const end = Math.min(now, toMs);
    const held = await this.serving.heldSince(organizationId, end);
    const periods: AgentPeriod[] = [];
    for (const [agentId, { since, ...state }] of await this.serving.states(organizationId)) {
      periods.push({ agentId, ...state, handling: false, fromMs: Math.max(since, fromMs), toMs: end });
      for (const period of heldPeriods(held.get(agentId) ?? [], fromMs, end)) periods.push({ agentId, department: state.department, status: null, handling: true, ...period });
    }
    return packedDays(periods.filter((period) => period.fromMs < period.toMs && counts(period)));
  }

  private async overdue(organizationId: string, { fromMs, toMs }: Range, now: number): Promise<OngoingDay[]> {
    const tickets = await this.tickets.unsolvedDueBefore(organizationId, now, fromMs, toMs);
    return packed('ticket', tickets.map((ticket) => [
      dayOf(ticket.createdAt),
      { quarter: quarterOf(ticket.createdAt), labels: labelsOfTicket(ticket), values: valuesOf('ticket', { overdue: 1 }) },
    ]));
  }
}

/** How many conversations an agent has from one moment to the next. */
function heldPeriods(heldSince: readonly number[], fromMs: number, toMs: number): Pick<AgentPeriod, 'active' | 'fromMs' | 'toMs'>[] {
  return heldSince.map((since, index) => ({ active: index + 1, fromMs: Math.max(since, fromMs), toMs: Math.max(heldSince[index + 1] ?? toMs, fromMs) }));
}

/** What lasts for months is the same on every day on which nothing begins or ends: it is packed once for all of them. */
async function packedDays(periods: readonly AgentPeriod[]): Promise<OngoingDay[]> {
  const found: OngoingDay[] = [];
  const begin = periods.reduce((least, { fromMs }) => Math.min(least, fromMs), Infinity);
  const end = periods.reduce((most, { toMs }) => Math.max(most, toMs), 0);
  const changing = new Set(periods.flatMap(({ fromMs, toMs }) => [dayOf(fromMs), dayOf(toMs)]));
  let whole: Uint8Array | null = null;
  for (let at = begin; at < end; ) {
    const day = dayOf(at);
    const next = startOfDay(nextDay(day));
    if (changing.has(day)) whole = null;
    const bytes: Uint8Array = whole ?? pack(cellsBetween(periods, startOfDay(day), next));
    if (whole === null) await yieldToOthers();
    if (!changing.has(day)) whole = bytes;
    found.push({ source: 'presence', day, pack: bytes });
    at = next;
  }
  return found;
}

/** Of one UTC day. */
function cellsBetween(periods: readonly AgentPeriod[], fromMs: number, toMs: number): Cell[] {
  return periods.flatMap((period) => [...cellsOfPeriod({ ...period, fromMs: Math.max(period.fromMs, fromMs), toMs: Math.min(period.toMs, toMs) }).values()].flat());
}

function packed(source: Source, cells: readonly [day: string, Cell][]): OngoingDay[] {
  const days = new Map<string, Cell[]>();
  for (const [day, cell] of cells) {
    const known = days.get(day);
    if (known === undefined) days.set(day, [cell]);
    else known.push(cell);
  }
  return [...days].map(([day, parts]) => ({ source, day, pack: pack(merged(parts)) }));
}
