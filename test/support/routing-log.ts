import { rows } from './invariants.js';
import type { TestApp } from './start-test-app.js';

interface LogEntry {
  type: string;
  conversation_id: string;
  occurred_at: number;
  data: Record<string, any>;
}

interface Waiting {
  id: string;
  rank: number;
  queuedAt: number;
}

/** What the event log says that routing has done, and where that breaks its rules. */
export interface RoutingRecord {
  created: number;
  closed: number;
  assignedAtOnce: number;
  assignedFromQueue: number;
  byHand: number;
  takenBack: number;
  greatestLoad: number;
  longestQueue: number;
  violations: string[];
}

const RANK: Record<string, number> = { urgent: 0, high: 1, normal: 2, low: 3 };

/**
 * Goes through the events of an organization in the order in which they happened, for agents and conversations without departments
 * and skills: nobody has more than it takes at any time, nobody is given what another has, and whoever is served out of the queue was
 * first in it.
 */
export async function replayRouting(app: TestApp, organizationId: string, capacities: ReadonlyMap<string, number>): Promise<RoutingRecord> {
  const byHand = await assignedByHand(app, organizationId);
  const record: RoutingRecord = { created: 0, closed: 0, assignedAtOnce: 0, assignedFromQueue: 0, byHand: 0, takenBack: 0, greatestLoad: 0, longestQueue: 0, violations: [] };
  const loads = new Map<string, number>();
  const holders = new Map<string, string | null>();
  const since = new Map<string, number>();
  const waiting = new Map<string, Waiting>();
  /** A conversation that an agent let wait is not given to that one in the same moment. */
  let spared: { id: string; agentId: string } | null = null;

  const violate = (entry: LogEntry, rule: string): unknown => record.violations.push(`${rule}: ${entry.type} of ${entry.conversation_id}`);
  const hold = (entry: LogEntry, agentId: string | null): void => {
    const before = holders.get(entry.conversation_id) ?? null;
    if (before !== null) loads.set(before, loads.get(before)! - 1);
    holders.set(entry.conversation_id, agentId);
    if (agentId === null) return;
    const load = (loads.get(agentId) ?? 0) + 1;
    loads.set(agentId, load);
    record.greatestLoad = Math.max(record.greatestLoad, load);
    if (load > capacities.get(agentId)!) violate(entry, `${agentId} has ${load}`);
  };
  const wait = ({ conversation_id: id, data }: LogEntry, queuedAt: number): void => {
    waiting.set(id, { id, rank: RANK[data['priority'] as string]!, queuedAt });
    record.longestQueue = Math.max(record.longestQueue, waiting.size);
  };

  for (const entry of await conversationEvents(app, organizationId)) {
    const { type, conversation_id: id, occurred_at: at, data } = entry;
    const sparing = spared;
    if (type !== 'conversation.assigned') spared = null;
    if (type === 'conversation.created') {
      record.created++;
      if (holders.has(id)) violate(entry, 'created twice');
      holders.set(id, null);
      since.set(id, at);
      if (data['status'] === 'queued') wait(entry, at);
    } else if (type === 'conversation.assigned') {
      const agentId = data['agent_id'] as string;
      if (data['previous_agent_id'] !== (holders.get(id) ?? null)) violate(entry, `held by ${String(holders.get(id))}`);
      const place = waiting.get(id);
      waiting.delete(id);
      const first = [...waiting.values()].filter((other) => sparing?.id !== other.id || sparing.agentId !== agentId).sort(inOrder)[0];
      if (byHand.has(`${id} ${agentId} ${at}`)) record.byHand++;
      else if (place === undefined) record.assignedAtOnce++;
      else record.assignedFromQueue++;
      const passed = first !== undefined && !byHand.has(`${id} ${agentId} ${at}`) && (place === undefined || inOrder(first, place) < 0);
      if (passed) violate(entry, `${first.id} was before it`);
      // Out of the queue it keeps its place until it is taken up; with another agent it begins anew.
      if (data['previous_status'] !== 'queued') since.set(id, at);
      hold(entry, agentId);
    } else if (type === 'conversation.updated' && data['status'] === 'queued' && (data['changed'] as string[]).includes('agent_id')) {
      record.takenBack++;
      if (data['reason'] === 'timed_out') spared = { id, agentId: holders.get(id)! };
      hold(entry, null);
      wait(entry, since.get(id)!);
    } else if (type === 'conversation.closed') {
      record.closed++;
      waiting.delete(id);
      hold(entry, null);
    }
  }
  for (const [agentId, load] of loads) if (load !== 0) record.violations.push(`${agentId} is left with ${load}`);
  if (waiting.size > 0) record.violations.push(`${waiting.size} wait for ever`);
  return record;
}

function inOrder(a: Waiting, b: Waiting): number {
  return a.rank - b.rank || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1);
}

/** Routing is one at a time, so the numbers of its events are in its order. */
async function conversationEvents(app: TestApp, organizationId: string): Promise<LogEntry[]> {
  const found = await rows<{ type: string; conversation_id: string; occurred_at: number; data: string }>(
    app,
    "SELECT type, conversation_id, occurred_at, data FROM events WHERE organization_id = ? AND type LIKE 'conversation.%' ORDER BY number",
    [organizationId],
  );
  return found.map((row) => ({ ...row, occurred_at: Number(row.occurred_at), data: JSON.parse(row.data) as Record<string, any> }));
}

async function assignedByHand(app: TestApp, organizationId: string): Promise<Set<string>> {
  const steps = await rows<{ conversation_id: string; agent_id: string; at: number }>(
    app,
    "SELECT conversation_id, agent_id, at FROM conversation_assignments WHERE organization_id = ? AND kind IN ('assigned', 'transferred') AND actor_id IS NOT NULL",
    [organizationId],
  );
  return new Set(steps.map(({ conversation_id, agent_id, at }) => `${conversation_id} ${agent_id} ${Number(at)}`));
}
