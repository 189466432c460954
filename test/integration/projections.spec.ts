import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventRetention } from '../../src/modules/events/event-retention.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Projections } from '../../src/platform/outbox/projections.js';
import type { PositionedEvent } from '../../src/platform/outbox/projections.js';
import { Sequencer } from '../../src/platform/outbox/sequencer.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anOrganization, created } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller, TestApp } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const DAY_MS = 86_400_000;

/** What a projection has been given, kept in the table of leases: a real row of the same transaction. */
async function count(app: TestApp, key: string, events: readonly PositionedEvent[]): Promise<void> {
  const unitOfWork = app.app.get(UnitOfWork);
  const [row] = await unitOfWork.query<{ expires_at: number }>('SELECT expires_at FROM leases WHERE name = ?', [key]);
  if (row === undefined) await unitOfWork.query("INSERT INTO leases (name, holder, expires_at) VALUES (?, 'test', ?)", [key, events.length]);
  else await unitOfWork.query('UPDATE leases SET expires_at = expires_at + ? WHERE name = ?', [events.length, key]);
}

describe('projections', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let fails: () => boolean = () => false;

  beforeAll(async () => {
    // Nobody but the test drives them.
    cluster = await startCluster({ clock, env: { EVENT_RETENTION_DAYS: '2', ROLES: 'api' } });
    for (const app of new Set([cluster.a, cluster.b])) {
      app.app.get(Projections).register({
        name: 'counted',
        concerns: (type) => type.startsWith('visitor.'),
        async apply(organizationId, events) {
          await count(app, organizationId, events);
          if (fails()) throw new Error('The projection fails.');
        },
      });
    }
  });

  afterAll(() => cluster.close());

  const projections = (app: TestApp): Projections => app.app.get(Projections);
  const counted = async (organizationId: string): Promise<number> => {
    const [row] = await rows<{ expires_at: number }>(cluster.a, 'SELECT expires_at FROM leases WHERE name = ?', [organizationId]);
    return Number(row?.expires_at ?? 0);
  };
  const makeVisitors = async (api: Caller, howMany: number): Promise<void> => {
    await Promise.all(Array.from({ length: howMany }, () => created(api.post('/visitors', {}))));
  };

  it('are given every event once, whoever catches up at the same time', async () => {
    const { api, organization } = await anOrganization(cluster.a);
    const writing = makeVisitors(api, 60);
    for (let round = 0; round < 5; round++) {
      await Promise.all([cluster.a, cluster.b, cluster.a].map((app) => projections(app).catchUp('counted', organization.id)));
    }
    await writing;
    const reached = await Promise.all([cluster.a, cluster.b].map((app) => projections(app).catchUp('counted', organization.id)));
    expect(await counted(organization.id)).toBe(60);
    expect(reached).toEqual([60, 60]);
  });

  it('are told of what concerns them only, and move past the rest', async () => {
    const { api, organization } = await anOrganization(cluster.a);
    await makeVisitors(api, 2);
    for (let index = 0; index < 3; index++) await created(api.post('/crm/customers', { customer_id: `C${index}` }));
    await makeVisitors(api, 1);
    expect(await projections(cluster.a).catchUp('counted', organization.id)).toBe(6);
    expect(await counted(organization.id)).toBe(3);
  });

  // On SQLite nobody else writes while a unit is open.
  it.skipIf(!HAS_SERVERS).each([/FROM event_positions/, /FROM events/])('skip nothing that gets its position just before %s', async (statement) => {
    const { api, organization } = await anOrganization(cluster.a);
    const other = cluster.b.as(api.headers);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const query = unitOfWork.query.bind(unitOfWork);
    let written = 0;
    // While the projection looks whether there is more, another instance writes an event and gives it its position.
    const asked = vi.spyOn(unitOfWork, 'query').mockImplementation(async (sql, parameters) => {
      if (unitOfWork.isOpen && statement.test(sql) && written === 0) {
        written = 1;
        await unitOfWork.detached(() => makeVisitors(other, 1));
        await cluster.b.app.get(Sequencer).sequence(organization.id);
      }
      return query(sql, parameters);
    });
    await projections(cluster.a).catchUp('counted', organization.id);
    asked.mockRestore();
    expect(written).toBe(1);
    expect(await projections(cluster.a).catchUp('counted', organization.id)).toBe(1);
    expect(await counted(organization.id)).toBe(1);
  });

  it('go on where they were when applying has failed', async () => {
    const { api, organization } = await anOrganization(cluster.a);
    await makeVisitors(api, 3);
    fails = () => true;
    await expect(projections(cluster.a).catchUp('counted', organization.id)).rejects.toThrow('The projection fails.');
    fails = () => false;
    expect(await counted(organization.id)).toBe(0);
    expect(await projections(cluster.b).catchUp('counted', organization.id)).toBe(3);
    expect(await counted(organization.id)).toBe(3);
  });

  it('read an event before it is deleted for its age', async () => {
    const { api, organization } = await anOrganization(cluster.a);
    await makeVisitors(api, 4);
    clock.advance(3 * DAY_MS);
    fails = () => true;
    await cluster.a.app.get(EventRetention).run();
    expect((await api.get('/events')).body.data).toHaveLength(4);
    fails = () => false;
    await cluster.a.app.get(EventRetention).run();
    expect((await api.get('/events')).body.data).toHaveLength(0);
    expect(await counted(organization.id)).toBe(4);
  });
});
