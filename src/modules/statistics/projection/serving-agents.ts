import { Injectable } from '@nestjs/common';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { PositionedEvent } from '../../../platform/outbox/projections.js';
import { merged, ordered } from '../cells/cell.js';
import { FactStore } from '../facts/fact-store.js';
import type { NewFact } from '../facts/fact-store.js';
import { AgentStates, agentServing, tellsAgent } from './agent-states.js';
import type { AgentState, Serving } from './agent-states.js';
import { cellsOfPeriods } from './agent-time.js';
import type { AgentPeriod } from './agent-time.js';
import type { AgentPeriodEntity, AgentStateEntity, ServingEntity } from './presence.entity.js';

const STATE_COLUMNS = ['agent_id', 'organization_id', 'department', 'status', 'active', 'since'] as const;
const PERIOD_COLUMNS = ['organization_id', 'agent_id', 'department', 'status', 'active', 'handling', 'started_at', 'ended_at'] as const;
const SERVING_COLUMNS = ['conversation_id', 'organization_id', 'agent_id', 'first_assigned_at', 'since', 'occupies'] as const;

/** Follows who has which conversation and how agents are, and counts their time. */
@Injectable()
export class ServingAgents {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly facts: FactStore,
  ) {}

  /** Needs an open unit that holds the projection: each event counts once. */
  async follow(organizationId: string, events: readonly PositionedEvent[]): Promise<void> {
    const telling = events.filter((event) => tellsAgent(event) || event.type.startsWith('agent.'));
    if (telling.length === 0) return;
    const conversations = telling.filter(tellsAgent);
    const serving = await this.serving(organizationId, [...new Set(conversations.map(({ conversationId }) => conversationId!))]);
    const agentIds = [
      ...telling.filter(({ type }) => type.startsWith('agent.')).map(({ data }) => data['agent_id'] as string),
      ...conversations.map(({ data }) => agentServing(data)),
      ...[...serving.values()].map(({ agentId }) => agentId),
    ].filter((id) => id !== null);
    const states = new AgentStates(serving, await this.states(organizationId, [...new Set(agentIds)]));
    for (const event of telling) states.take(event);
    await this.write(organizationId, states);
  }

  async firstAssignedAt(organizationId: string, conversationIds: readonly string[]): Promise<Map<string, number>> {
    return new Map([...(await this.serving(organizationId, conversationIds))].map(([id, { firstAssignedAt }]) => [id, firstAssignedAt]));
  }

  /** How each agent is since the last change; without ids all of the organization. */
  async states(organizationId: string, agentIds?: readonly string[]): Promise<Map<string, AgentState>> {
    const among = agentIds === undefined ? '' : ` AND agent_id IN (${placeholders(agentIds.length)})`;
    const rows = await this.unitOfWork.query<AgentStateEntity>(
      `SELECT agent_id, department, status, active, since FROM statistics_agents WHERE organization_id = ?${among}`,
      [organizationId, ...(agentIds ?? [])],
    );
    return new Map(rows.map(({ agent_id, department, status, active, since }) => [agent_id, { department, status, active, since: Number(since) }]));
  }

  /** Since when each agent has the conversations that it has now, the oldest first. */
  async heldSince(organizationId: string, beforeMs: number): Promise<Map<string, number[]>> {
    const rows = await this.unitOfWork.query<{ agent_id: string; held_since: number }>(
      'SELECT agent_id, COALESCE(since, first_assigned_at) AS held_since FROM statistics_serving WHERE organization_id = ? AND agent_id IS NOT NULL',
      [organizationId],
    );
    const found = new Map<string, number[]>();
    for (const { agent_id, held_since } of rows) {
      const since = Number(held_since);
      if (since >= beforeMs) continue;
      const known = found.get(agent_id);
      if (known === undefined) found.set(agent_id, [since]);
      else known.push(since);
    }
    for (const times of found.values()) times.sort((a, b) => a - b);
    return found;
  }

  /** Counts the time of these agents anew, from what was kept of it. Needs an open unit that holds the projection. */
  async countAnew(organizationId: string, agentIds: readonly string[]): Promise<void> {
    for (const agentId of agentIds) {
      const rows = await this.unitOfWork.query<AgentPeriodEntity>(
        'SELECT department, status, active, handling, started_at, ended_at FROM statistics_agent_periods WHERE agent_id = ? AND organization_id = ? ORDER BY started_at, number',
        [agentId, organizationId],
      );
      const periods = rows.map(({ department, status, active, handling, started_at, ended_at }) => ({
        agentId, department, status, active, handling: Boolean(handling), fromMs: Number(started_at), toMs: Number(ended_at),
      }));
      const days = cellsOfPeriods(periods).get(agentId) ?? new Map();
      const known = (await this.facts.load(organizationId, 'presence', [agentId])).get(agentId) ?? new Map();
      const facts = [...new Set([...days.keys(), ...known.keys()])].map((day) => ({ subjectId: agentId, day, cells: days.get(day) ?? [], known: known.get(day) }));
      await this.facts.replace(organizationId, 'presence', facts);
    }
  }

  private async serving(organizationId: string, conversationIds: readonly string[]): Promise<Map<string, Serving>> {
    if (conversationIds.length === 0) return new Map();
    const rows = await this.unitOfWork.query<ServingEntity>(
      `SELECT conversation_id, agent_id, first_assigned_at, since, occupies FROM statistics_serving WHERE organization_id = ? AND conversation_id IN (${placeholders(conversationIds.length)})`,
      [organizationId, ...conversationIds],
    );
    return new Map(rows.map((row) => [row.conversation_id, {
      agentId: row.agent_id, since: row.agent_id === null ? null : Number(row.since ?? row.first_assigned_at), occupies: row.agent_id !== null && Boolean(row.occupies),
      firstAssignedAt: Number(row.first_assigned_at),
    }]));
  }

  private async write(organizationId: string, { serving, agents, changedConversations, changedAgents, periods }: AgentStates): Promise<void> {
    const [conversationIds, agentIds] = [[...changedConversations], [...changedAgents]];
    await this.rewrite('statistics_serving', SERVING_COLUMNS, conversationIds.map((id) => {
      const { agentId, firstAssignedAt, since, occupies } = serving.get(id)!;
      return [id, organizationId, agentId, firstAssignedAt, since, Number(occupies)];
    }));
    await this.rewrite('statistics_agents', STATE_COLUMNS, agentIds.map((id) => {
      const { department, status, active, since } = agents.get(id)!;
      return [id, organizationId, department, status, active, since];
    }));
    const rows = periods.map(({ agentId, department, status, active, handling, fromMs, toMs }) => [organizationId, agentId, department, status, active, Number(handling), fromMs, toMs]);
    await addRows(this.unitOfWork, 'statistics_agent_periods', PERIOD_COLUMNS, rows);
    await this.addTime(organizationId, periods);
  }

  /** The first column is the key. */
  private async rewrite(table: string, columns: readonly string[], rows: readonly unknown[][]): Promise<void> {
    if (rows.length === 0) return;
    await this.unitOfWork.write(`DELETE FROM ${table} WHERE ${columns[0]} IN (${placeholders(rows.length)})`, rows.map(([key]) => key));
    await addRows(this.unitOfWork, table, columns, rows);
  }

  /** Each period is added once: it is written in the unit in which the projection moves past what ended it. */
  private async addTime(organizationId: string, periods: readonly AgentPeriod[]): Promise<void> {
    const agents = cellsOfPeriods(periods);
    const days = [...new Set([...agents.values()].flatMap((byDay) => [...byDay.keys()]))];
    if (days.length === 0) return;
    const known = await this.facts.load(organizationId, 'presence', [...agents.keys()], days);
    const facts: NewFact[] = [];
    for (const [agentId, byDay] of agents) {
      for (const [day, cells] of byDay) {
        const before = known.get(agentId)?.get(day);
        facts.push({ subjectId: agentId, day, cells: ordered(merged([...(before?.cells ?? []), ...cells])), known: before });
      }
    }
    await this.facts.replace(organizationId, 'presence', facts);
  }
}
