import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { expectConsistent, expectPositionsWithoutHoles } from '../support/invariants.js';
import { routeUnderLoad } from '../support/routing-load.js';
import { replayRouting } from '../support/routing-log.js';
import { TestClock } from '../support/test-clock.js';

/** npm run test:routing sets it to 5,000. */
const CONVERSATIONS = Number(process.env.ROUTING_CONVERSATIONS ?? 200);
const AGENTS = 20;
const WORKERS = 10;

describe(`${CONVERSATIONS} conversations, ${AGENTS} agents, ${WORKERS} workers on each of ${HAS_SERVERS ? 2 : 1} instances`, () => {
  const clock = new TestClock();
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
  });

  afterAll(() => cluster.close());

  it('are each given to one agent at a time with room for it, in the order of the queue, and all end', { timeout: 60_000 + 300 * CONVERSATIONS }, async () => {
    const run = await routeUnderLoad(cluster, clock, { conversations: CONVERSATIONS, agents: AGENTS, workersPerInstance: WORKERS, seed: 7 });
    const record = await replayRouting(cluster.a, run.organizationId, run.capacities);
    const { violations, ...figures } = record;
    console.log(JSON.stringify({ ...figures, samples: run.samples, violations: violations.length + run.violations.length, seconds: Math.round(run.durationMs / 1000), answers: run.answers }));
    expect([...run.violations, ...violations]).toEqual([]);
    expect(run.samples).toBeGreaterThan(10);
    expect(record).toMatchObject({ created: CONVERSATIONS, closed: CONVERSATIONS });
    // Nothing else than what was meant to happen has happened, and all of it has.
    for (const [action, refused] of Object.entries({ begin: [], end: [], 'agent status': [], accept: [409], assign: [409], transfer: [409] })) {
      const expected = action === 'begin' ? ['201'] : ['200', ...refused.map(String)];
      expect(Object.keys(run.answers[action]!).filter((status) => !expected.includes(status)), action).toEqual([]);
    }
    expect(Math.min(record.assignedAtOnce, record.assignedFromQueue, record.byHand, record.takenBack)).toBeGreaterThan(0);
    await expectConsistent(cluster.a);
    await cluster.a.api.get('/events?limit=1');
    await expectPositionsWithoutHoles(cluster.a);
  });
});
