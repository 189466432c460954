import type { OracleEvent } from './statistics-oracle.js';

interface Step {
  at: number;
  status: string | null;
  active: number;
  department: string | null;
}

export interface AgentTime extends Omit<Step, 'at'> {
  agentId: string;
  at: number;
  ms: number;
  /** Whether it is the time for which an agent had one conversation; otherwise it is the agent's own. */
  held: boolean;
}

/** The time for which an agent had a conversation. */
interface Holding {
  agentId: string;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  department: string | null;
  /** Whether something has happened with it here. */
  here: boolean;
}

const HOUR_MS = 3_600_000;
const QUARTER_MS = HOUR_MS / 4;

/** How each agent was at each time, and who had which conversation, as the event log tells it. */
export class AgentTimeline {
  private readonly steps = new Map<string, Step[]>();
  private readonly holdings: Holding[] = [];
  /** By conversation. */
  private readonly present = new Map<string, Holding>();

  take({ type, at, conversationId, data, department, announced }: OracleEvent): void {
    if (type.startsWith('agent.')) {
      const status = data['status'] ?? data['agent']?.status;
      this.step(data['agent_id'], at, { department, ...(status !== undefined && { status }) });
    }
    if (!type.startsWith('conversation.') || data['status'] === undefined) return;
    const before = this.present.get(conversationId!);
    const agentId = ['open', 'pending'].includes(data['status']) ? (data['agent_id'] ?? null) : null;
    if (before !== undefined && before.agentId !== agentId) {
      before.to = at;
      before.department = this.departmentOf(before.agentId);
      this.present.delete(conversationId!);
      this.countActive(before.agentId, at);
    }
    if (agentId === null) return;
    let held = this.present.get(conversationId!);
    if (held === undefined) {
      held = { agentId, from: at, to: null, department: null, here: false };
      this.holdings.push(held);
      this.present.set(conversationId!, held);
    }
    held.here ||= announced;
    this.countActive(agentId, at);
  }

  /** All of it, in parts that lie within a quarter of an hour; each is told where it begins. */
  until(now: number): AgentTime[] {
    const times: AgentTime[] = [];
    for (const [agentId, steps] of this.steps) {
      for (const [index, { at, ...state }] of steps.entries()) {
        if (['online', 'busy', 'away'].includes(state.status ?? '')) times.push(...parts(at, steps[index + 1]?.at ?? now, { agentId, ...state, held: false }));
      }
    }
    for (const { agentId, from, to, department } of this.holdings) {
      times.push(...parts(from, to ?? now, { agentId, department: to === null ? this.departmentOf(agentId) : department, status: null, active: 0, held: true }));
    }
    return times;
  }

  private departmentOf(agentId: string): string | null {
    return this.steps.get(agentId)?.at(-1)?.department ?? null;
  }

  private countActive(agentId: string, at: number): void {
    const active = [...this.present.values()].filter((held) => held.agentId === agentId && held.here).length;
    if (active !== (this.steps.get(agentId)?.at(-1)?.active ?? 0)) this.step(agentId, at, { active });
  }

  private step(agentId: string, at: number, change: Partial<Step>): void {
    const steps = this.steps.get(agentId) ?? [];
    const last = steps.at(-1) ?? { at, status: null, active: 0, department: null };
    // Clocks of instances differ a little: what is told later did not happen before.
    steps.push({ ...last, ...change, at: Math.max(last.at, at) });
    this.steps.set(agentId, steps);
  }
}

function* parts(from: number, to: number, time: Omit<AgentTime, 'at' | 'ms'>): Generator<AgentTime> {
  for (let at = from; at < to; ) {
    const end = Math.min(to, (Math.floor(at / QUARTER_MS) + 1) * QUARTER_MS);
    yield { ...time, at, ms: end - at };
    at = end;
  }
}
