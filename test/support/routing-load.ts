import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import { anAgent, anOrganization, created, unique } from './desk.js';
import type { Resource } from './desk.js';
import { rows } from './invariants.js';
import { seeded } from './seeded.js';
import type { Caller } from './start-test-app.js';
import type { TestClock } from './test-clock.js';

const PRIORITIES = ['low', 'normal', 'normal', 'normal', 'high', 'urgent'];
const STATUSES = ['online', 'online', 'busy', 'away'];
const SAMPLE_EVERY_MS = 50;
/** How much faster than time the clock goes, so that agents also let conversations time out in a short run. */
const AHEAD_MS = 200;

export interface RoutingLoad {
  conversations: number;
  agents: number;
  workersPerInstance: number;
  seed: number;
}

export interface RoutingRun {
  organizationId: string;
  capacities: Map<string, number>;
  /** How many answers had which status, by action. */
  answers: Record<string, Record<number, number>>;
  /** How often the loads of all agents were looked at meanwhile, and what was wrong with them. */
  samples: number;
  violations: string[];
  durationMs: number;
}

/**
 * Begins and ends conversations on all instances at once, while agents come and go, take up, are given and hand on what they have, or
 * let it time out. In the end all conversations have ended.
 */
export async function routeUnderLoad(cluster: Cluster, clock: TestClock, load: RoutingLoad): Promise<RoutingRun> {
  const { api, organization } = await anOrganization(cluster.a);
  await created(api.post('/departments', { name: 'general', is_default: true, assignment_timeout_seconds: 5 }));
  const agents = await Promise.all(Array.from({ length: load.agents }, (_, index) => anAgent(api, { max_conversations: 2 + (index % 4) })));
  const capacities = new Map(agents.map((agent) => [agent.id, agent['max_conversations'] as number]));
  const run: RoutingRun = { organizationId: organization.id, capacities, answers: {}, samples: 0, violations: [], durationMs: 0 };
  const begunAt = performance.now();
  const ended = new AbortController();
  const sampling = sampleLoads(cluster, clock, run, ended.signal);
  const desk = new Desk(load, agents, run);
  const instances = [...new Set([cluster.a, cluster.b])];
  const workers = instances.flatMap((instance) => Array.from({ length: load.workersPerInstance }, () => desk.work(instance.as(api.headers))));
  await Promise.all(workers);
  ended.abort();
  await sampling;
  run.durationMs = performance.now() - begunAt;
  return run;
}

class Desk {
  private readonly random: () => number;
  private readonly living: string[] = [];
  private readonly target: number;
  private begun = 0;

  constructor(
    private readonly load: RoutingLoad,
    private readonly agents: readonly Resource[],
    private readonly run: RoutingRun,
  ) {
    this.random = seeded(load.seed);
    // Half as many again as the agents take together, so that some always wait.
    this.target = Math.ceil(1.5 * [...run.capacities.values()].reduce((sum, capacity) => sum + capacity, 0));
  }

  async work(api: Caller): Promise<void> {
    while (this.begun < this.load.conversations || this.living.length > 0) {
      if (this.begun < this.load.conversations && this.living.length < this.target) await this.begin(api);
      else await this.end(api);
      await this.disturb(api);
    }
  }

  private async begin(api: Caller): Promise<void> {
    this.begun++;
    const answer = await this.count('begin', api.post('/conversations', { visitor: { external_id: unique('visitor') }, priority: this.pick(PRIORITIES) }));
    this.living.push(answer.body.id as string);
  }

  private async end(api: Caller): Promise<void> {
    if (this.living.length === 0) return;
    const [id] = this.living.splice(Math.floor(this.random() * this.living.length), 1);
    await this.count('end', api.delete(`/conversations/${id}`));
  }

  /** What else happens at a desk. */
  private async disturb(api: Caller): Promise<void> {
    const chance = this.random();
    const id = this.living.length === 0 ? null : this.pick(this.living);
    const agent_id = this.pick(this.agents).id;
    if (chance < 0.04) await this.count('agent status', api.put(`/agents/${agent_id}/status`, { status: this.pick(STATUSES) }));
    else if (id === null) return;
    else if (chance < 0.3) await this.count('accept', api.post(`/conversations/${id}/accept`));
    else if (chance < 0.4) await this.count('assign', api.post(`/conversations/${id}/assign`, { agent_id }));
    else if (chance < 0.5) await this.count('transfer', api.post(`/conversations/${id}/transfer`, { agent_id }));
  }

  private async count<T extends { status: number }>(action: string, call: Promise<T>): Promise<T> {
    const answer = await call;
    const counts = (this.run.answers[action] ??= {});
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    return answer;
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }
}

/** Looks again and again whether an agent has more than it takes, or another number than is counted. */
async function sampleLoads(cluster: Cluster, clock: TestClock, run: RoutingRun, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const loads = await rows<{ id: string; active_conversations: number; max_conversations: number; actual: number }>(
      cluster.a,
      `SELECT a.id, a.active_conversations, a.max_conversations,
         (SELECT COUNT(*) FROM conversations c WHERE c.agent_id = a.id AND c.status IN ('open', 'pending')) AS actual
       FROM agents a WHERE a.organization_id = ?`,
      [run.organizationId],
    );
    run.samples++;
    for (const { id, active_conversations: counted, max_conversations: most, actual } of loads) {
      if (Number(actual) > most || counted !== Number(actual)) run.violations.push(`${id} has ${actual} of ${most}, counted ${counted}`);
    }
    await delay(SAMPLE_EVERY_MS);
    clock.advance(AHEAD_MS);
  }
}
