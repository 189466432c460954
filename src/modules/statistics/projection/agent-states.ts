import type { PositionedEvent } from '../../../platform/outbox/projections.js';
import type { AgentPeriod } from './agent-time.js';

export interface Serving {
  agentId: string | null;
  /** When that agent got it; null where nobody has it. */
  since: number | null;
  /** Whether it is among the active ones of the agent. */
  occupies: boolean;
  firstAssignedAt: number;
}

export interface AgentState {
  department: string | null;
  status: string | null;
  /** Conversations that occupy it. */
  active: number;
  since: number;
}

/** What events change of who has which conversation and of how agents are: worked out in memory, and then written at once. */
export class AgentStates {
  readonly changedConversations = new Set<string>();
  readonly changedAgents = new Set<string>();
  readonly periods: AgentPeriod[] = [];

  constructor(
    readonly serving: Map<string, Serving>,
    readonly agents: Map<string, AgentState>,
  ) {}

  take(event: PositionedEvent): void {
    if (event.type.startsWith('agent.')) this.takeAgent(event);
    else if (tellsAgent(event)) this.takeConversation(event);
  }

  private takeAgent({ type, data, department, occurredAt }: PositionedEvent): void {
    const id = data['agent_id'] as string;
    const view = data['agent'] as { status: string } | undefined;
    const status = type === 'agent.status_changed' ? (data['status'] as string) : view?.status;
    this.change(id, occurredAt, { department, ...(status !== undefined && { status }) });
  }

  /** What was brought in occupies nobody until something happens with it here: agents were occupied by it elsewhere. */
  private takeConversation({ conversationId, data, occurredAt, announced }: PositionedEvent): void {
    const known = this.serving.get(conversationId!);
    const before = known?.agentId ?? null;
    const after = agentServing(data);
    const occupied = known?.occupies ?? false;
    const stays = before === after;
    const occupies = after !== null && (announced || (stays && occupied));
    if (stays && occupies === occupied) return;
    const since = stays ? (known?.since ?? null) : after === null ? null : occurredAt;
    this.serving.set(conversationId!, { agentId: after, since, occupies, firstAssignedAt: known?.firstAssignedAt ?? occurredAt });
    this.changedConversations.add(conversationId!);
    if (before !== null && !stays) this.handled(before, known?.since ?? occurredAt, occurredAt);
    if (before !== null && occupied) this.load(before, -1, occurredAt);
    if (after !== null && occupies) this.load(after, 1, occurredAt);
  }

  /** Counted when it is over, whatever else the agent did: in whatever order the log tells it, the sum is the same. */
  private handled(agentId: string, fromMs: number, toMs: number): void {
    const state = this.agents.get(agentId);
    // Who is counted has a state, by which a rebuild finds it.
    if (state === undefined) this.change(agentId, fromMs, {});
    if (fromMs < toMs) this.periods.push({ agentId, department: state?.department ?? null, status: null, active: 1, handling: true, fromMs, toMs });
  }

  private load(agentId: string, change: number, at: number): void {
    this.change(agentId, at, { active: Math.max(0, (this.agents.get(agentId)?.active ?? 0) + change) });
  }

  private change(agentId: string, at: number, changes: Partial<AgentState>): void {
    const before = this.agents.get(agentId);
    // History that is brought in, and clocks that differ, do not change what has been counted.
    const since = Math.max(before?.since ?? at, at);
    const after = { ...(before ?? { department: null, status: null, active: 0 }), ...changes, since };
    this.agents.set(agentId, after);
    this.changedAgents.add(agentId);
    if (before === undefined || before.since === since) return;
    const { department, status, active } = before;
    this.periods.push({ agentId, department, status, active, handling: false, fromMs: before.since, toMs: since });
  }
}

/** Whether an event says who has the conversation. */
export function tellsAgent({ type, conversationId, data }: PositionedEvent): boolean {
  return type.startsWith('conversation.') && conversationId !== null && 'agent_id' in data && 'status' in data;
}

export function agentServing(data: Record<string, unknown>): string | null {
  return data['status'] === 'open' || data['status'] === 'pending' ? (data['agent_id'] as string | null) : null;
}
