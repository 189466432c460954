import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VisitorPresenceService } from '../../src/modules/visitors/presence/visitor-presence.service.js';
import { VisitorConnections } from '../../src/modules/visitors/presence/visitor-connections.js';
import { VisitorProcesses } from '../../src/modules/visitors/presence/visitor-processes.js';
import { Config } from '../../src/platform/config/config.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Leases } from '../../src/platform/leases/leases.js';
import { WorkerTimers } from '../../src/platform/leases/worker-timers.js';
import { LOGGER } from '../../src/platform/observability/tokens.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { created, eventsAfter, lastPosition } from '../support/desk.js';
import type { LoggedEvent, Resource } from '../support/desk.js';
import { openSocket } from '../support/open-socket.js';
import { connectSocket } from '../support/socket-client.js';
import type { SocketClient } from '../support/socket-client.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';
import { StandingClock } from '../support/test-clock.js';

describe('the presence of visitors', () => {
  const clock = new StandingClock();
  let cluster: Cluster;
  let api: Caller;
  let visitor: Resource;
  let before: number;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  async function aVisitor(): Promise<void> {
    visitor = await created(api.post('/visitors', { name: 'Ada' }));
    before = await lastPosition(api);
  }

  async function connect(on = cluster.a): Promise<SocketClient> {
    const { token } = (await api.post(`/visitors/${visitor.id}/token`)).body;
    return openSocket(on.url, token);
  }

  const now = async (): Promise<Resource> => (await api.get(`/visitors/${visitor.id}`)).body;
  const online = async (): Promise<boolean> => (await now())['online'];
  const happened = async (): Promise<LoggedEvent[]> => (await eventsAfter(api, before)).filter(({ data }) => data['visitor_id'] === visitor.id);
  const names = async (): Promise<string[]> => (await happened()).map(({ event }) => event);
  const inOnlineList = async (): Promise<boolean> => (await api.get('/visitors/online?limit=100')).body.data.some(({ id }: Resource) => id === visitor.id);

  it('is one for all tabs and instances', async () => {
    await aVisitor();
    expect(await now()).toMatchObject({ online: false, last_seen_at: null });
    const [first, second, third] = await Promise.all([connect(cluster.a), connect(cluster.b), connect(cluster.a)]);
    expect(await now()).toMatchObject({ online: true, last_seen_at: new Date(clock.now()).toISOString() });
    expect(await inOnlineList()).toBe(true);
    expect(await names()).toEqual(['visitor.online']);
    expect((await happened())[0]!.data).toEqual({ visitor_id: visitor.id, visitor: expect.objectContaining({ id: visitor.id, name: 'Ada', online: true }) });
    clock.advance(5000);
    first.close();
    third.close();
    await expect.poll(async () => (await now())['last_seen_at']).toBe(new Date(clock.now()).toISOString());
    expect(await online()).toBe(true);
    clock.advance(5000);
    second.close();
    await expect.poll(online).toBe(false);
    expect(await now()).toMatchObject({ last_seen_at: new Date(clock.now()).toISOString() });
    expect(await inOnlineList()).toBe(false);
    expect(await names()).toEqual(['visitor.online', 'visitor.offline']);
  });

  it('comes and goes in pairs, however many come and go at once', async () => {
    await aVisitor();
    for (let round = 0; round < 3; round++) {
      const opened = await Promise.all(Array.from({ length: 6 }, (_, index) => connect(cluster.each(index))));
      expect(await online()).toBe(true);
      for (const socket of opened) socket.close();
      await expect.poll(online).toBe(false);
    }
    expect(await names()).toEqual(Array.from({ length: 3 }, () => ['visitor.online', 'visitor.offline']).flat());
  });

  it('ends a minute after its process has died', async () => {
    await aVisitor();
    const { app } = cluster.a;
    // Its timers never begin, so it says nothing of itself.
    const timers = new WorkerTimers(app.get(Leases), app.get(Config), app.get(LOGGER));
    const asleep = new VisitorPresenceService(app.get(VisitorConnections), app.get(VisitorProcesses), app.get(UnitOfWork), app.get(Config), clock, timers);
    const living = cluster.b.app.get(VisitorPresenceService);
    const connection = await asleep.arrived({ id: visitor.id, organizationId: (await api.get('/auth/me')).body.organization_id });
    clock.advance(59_000);
    await living.endLapsed();
    expect(await online()).toBe(true);
    clock.advance(2000);
    await living.endLapsed();
    expect(await online()).toBe(false);
    expect(await names()).toEqual(['visitor.online', 'visitor.offline']);
    // It was not dead: what it still holds is noted again.
    await asleep.renew();
    expect(await online()).toBe(true);
    for (let minute = 0; minute < 3; minute++) {
      clock.advance(59_000);
      await asleep.renew();
      await living.endLapsed();
      expect(await online()).toBe(true);
    }
    await asleep.left(connection);
    expect(await online()).toBe(false);
    expect(await names()).toEqual(['visitor.online', 'visitor.offline', 'visitor.online', 'visitor.offline']);
  });

  it('survives what its process says of itself', async () => {
    await aVisitor();
    const socket = await connect();
    const presence = cluster.a.app.get(VisitorPresenceService);
    await presence.renew();
    await presence.endLapsed();
    expect(await online()).toBe(true);
    socket.close();
    await expect.poll(online).toBe(false);
  });
});

describe('visitors of a process that was stopped', () => {
  it('are offline when they have not come back in time', async () => {
    const clock = new StandingClock();
    const database = await anEmptyDatabase();
    const first = await startTestApp({ clock, database });
    const visitor = await created(first.api.post('/visitors', {}));
    const { token } = (await first.api.post(`/visitors/${visitor.id}/token`)).body;
    const socket = await connectSocket(first.url, token);
    await first.close();
    socket.close();
    const second = await startTestApp({ clock, database });
    const online = async (): Promise<boolean> => (await second.api.get(`/visitors/${visitor.id}`)).body.online;
    expect(await online()).toBe(true);
    if (HAS_SERVERS) clock.advance(11_000);
    await second.app.get(VisitorPresenceService).endLapsed();
    expect(await online()).toBe(false);
    await second.close();
    await database.drop();
  });
});
