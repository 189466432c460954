import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeliveryRetention } from '../../src/modules/callbacks/deliveries/delivery-retention.js';
import { CloseInactive } from '../../src/modules/conversations/close-inactive.js';
import { ServeWaiting } from '../../src/modules/conversations/serve-waiting.js';
import { TakeBackUnaccepted } from '../../src/modules/conversations/take-back-unaccepted.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anAgent, anEndpoint, anOrganization, created, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import { startPrivateRedis } from '../support/services.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestClock } from '../support/test-clock.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Tenant {
  organization: Resource;
  api: Caller;
}

describe('an organization that is closed', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let operator: Caller;
  let sink: CallbackSink;

  beforeAll(async () => {
    sink = await startCallbackSink();
    cluster = await startCluster({ clock });
    operator = cluster.a.api;
  });

  afterAll(async () => {
    await expectConsistent(cluster.a);
    await cluster.close();
    await sink.close();
  });

  const pathOf = ({ organization }: Tenant): string => `/organizations/${organization.id}`;
  const close = async (tenant: Tenant): Promise<void> => expect((await operator.delete(pathOf(tenant))).status).toBe(204);
  const rows = (sql: string, parameters: unknown[]): Promise<Record<string, unknown>[]> => cluster.a.app.get(UnitOfWork).query(sql, parameters);
  const eventsOf = async ({ organization }: Tenant): Promise<number> => (await rows('SELECT id FROM events WHERE organization_id = ?', [organization.id])).length;

  it('keeps its data and its slug, and is shown to the operator', async () => {
    const tenant = await anOrganization(cluster.a);
    const conversation = await aConversation(tenant.api);
    await aMessage(tenant.api, conversation);
    const before = (await operator.get(pathOf(tenant))).body;
    expect(before).toMatchObject({ closed_at: null });
    await close(tenant);
    const after = (await operator.get(pathOf(tenant))).body;
    expect(after).toEqual({ ...before, closed_at: expect.any(String), updated_at: after.closed_at });
    expect(Math.abs(Date.parse(after.closed_at) - clock.now())).toBeLessThan(10_000);
    expect(await rows('SELECT seq FROM messages WHERE conversation_id = ?', [conversation.id])).toEqual([{ seq: 1 }]);
    const { slug } = tenant.organization as unknown as { slug: string };
    expect((await operator.post('/organizations', { slug, name: 'again' })).body).toMatchObject({ status: 409, code: 'organization.slug_taken' });
    for (const [closed, count] of [[true, 1], [false, 0]]) expect((await operator.get(`/organizations?slug=${slug}&closed=${closed}`)).body.data).toHaveLength(count as number);
  });

  it('stays as it is, whatever is asked for then, and is closed once', async () => {
    const tenant = await anOrganization(cluster.a);
    const path = pathOf(tenant);
    const { headers } = await operator.get(path);
    expect((await operator.delete(path, { 'if-match': '"another"' })).body).toMatchObject({ status: 412, code: 'request.precondition_failed' });
    expect((await operator.delete(path, { 'if-match': headers.get('etag')! })).status).toBe(204);
    const closed = (await operator.get(path)).body;
    clock.advance(1000);
    await close(tenant);
    for (const answer of [operator.put(path, { name: 'x' }), operator.post(`${path}/api-keys`, { name: 'x' }), operator.delete(`${path}/api-keys/${tenant.organization['api_key'].id}`)]) {
      expect((await answer).body).toMatchObject({ status: 409, code: 'organization.closed' });
    }
    expect((await operator.get(path)).body).toEqual(closed);
    expect((await operator.get(`${path}/api-keys`)).body.data).toHaveLength(1);
    const entries = (await operator.get(`/audit-logs?target_id=${tenant.organization.id}&sort=created_at`)).body.data;
    expect(entries.map(({ action }: Resource) => action)).toEqual(['organization.created', 'organization.closed']);
    expect(entries[1]).toMatchObject({
      actor_kind: 'api_key', target_type: 'organization', changes: { closed_at: { old: null, new: closed.closed_at } }, details: { slug: tenant.organization['slug'] },
    });
    expect(await rows('SELECT actor_kind, actor_id, action FROM audit_logs WHERE organization_id = ?', [tenant.organization.id])).toEqual([
      { actor_kind: 'system', actor_id: null, action: 'organization.closed' },
    ]);
  });

  it('is closed by nobody but the operator, and is never the operator\'s own', async () => {
    const tenant = await anOrganization(cluster.a);
    const stranger = await anOrganization(cluster.a);
    expect((await tenant.api.delete(pathOf(tenant))).body).toMatchObject({ status: 403, code: 'organization.operator_only' });
    expect((await stranger.api.delete(pathOf(tenant))).body).toMatchObject({ status: 404, code: 'organization.not_found' });
    expect((await operator.delete('/organizations/org_00000000000000000000000000')).body).toMatchObject({ status: 404, code: 'organization.not_found' });
    const { organization_id } = (await operator.get('/auth/me')).body;
    expect((await operator.delete(`/organizations/${organization_id}`)).body).toMatchObject({ status: 409, code: 'organization.operator_protected' });
    expect([(await operator.get('/auth/me')).status, (await tenant.api.get('/auth/me')).status]).toEqual([200, 200]);
  });

  it('is told nothing more, by no endpoint of it, and what waits goes with its events', async () => {
    const [tenant, other] = [await anOrganization(cluster.a), await anOrganization(cluster.a)];
    for (const { api, organization } of [tenant, other]) {
      const endpoint = await anEndpoint(api, `${sink.url}/${organization.id}`, { retry: { schedule_seconds: [3600] } });
      await anEndpoint(api, `${sink.url}/disabled`, { enabled: false });
      await aConversation(api);
      expect((await api.get(`/callbacks/${endpoint.id}/deliveries`)).body.data[0]).toMatchObject({ status: 'pending' });
    }
    await close(tenant);
    clock.advance(2 * HOUR);
    await cluster.settle();
    const paths = new Set(sink.received.map(({ path }) => path));
    expect([paths.has(`/${other.organization.id}`), paths.has(`/${tenant.organization.id}`), paths.has('/disabled')]).toEqual([true, false, false]);
    expect(await rows('SELECT DISTINCT enabled, disabled_reason FROM callback_endpoints WHERE organization_id = ? ORDER BY disabled_reason', [tenant.organization.id])).toEqual([
      { enabled: 0, disabled_reason: null }, { enabled: 0, disabled_reason: 'organization_closed' },
    ]);
    const waiting = (): Promise<unknown[]> => rows("SELECT id FROM callback_deliveries WHERE organization_id = ? AND status = 'pending'", [tenant.organization.id]);
    expect(await waiting()).not.toEqual([]);
    clock.advance(91 * DAY);
    await cluster.a.app.get(DeliveryRetention).run();
    expect(await waiting()).toEqual([]);
  });

  it('lets a change that had begun come to its end, and none begin after it', async () => {
    const tenant = await anOrganization(cluster.a);
    await anAgent(tenant.api);
    const calls = Array.from({ length: 24 }, (_, index) => cluster.each(index).as(tenant.api.headers).post('/conversations', { visitor: { external_id: `v-${index}` } }));
    const [closing, ...answers] = await Promise.all([operator.delete(pathOf(tenant)), ...calls]);
    expect(closing.status).toBe(204);
    expect(answers.filter(({ status, body }: Answer) => status !== 201 && !['auth.credential_invalid', 'organization.closed'].includes(body.code))).toEqual([]);
    const { length } = await rows('SELECT id FROM conversations WHERE organization_id = ?', [tenant.organization.id]);
    expect(length).toBe(tally(answers)[201] ?? 0);
    const before = await eventsOf(tenant);
    expect((await cluster.a.as(tenant.api.headers).post('/conversations', { visitor: { external_id: 'late' } })).status).toBe(401);
    expect(await eventsOf(tenant)).toBe(before);
  });

  it('is closed once by several who do it at the same time', async () => {
    const tenant = await anOrganization(cluster.a);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => cluster.each(index).api.delete(pathOf(tenant))));
    expect(tally(answers)).toEqual({ 204: 6 });
    expect((await operator.get(`/audit-logs?target_id=${tenant.organization.id}&action=organization.closed`)).body.data).toHaveLength(1);
  });
});

describe('timers', () => {
  const clock = new TestClock();
  let cluster: Cluster;

  beforeAll(async () => {
    // The tests say when they run.
    cluster = await startCluster({ clock, env: { ROLES: 'api' } });
  });

  afterAll(() => cluster.close());

  /** An agent with a conversation that it has not taken up, one that is quiet, and one that waits. */
  async function aBusyOrganization(): Promise<Tenant & { agent: Resource; conversations: Resource[] }> {
    const tenant = await anOrganization(cluster.a);
    await created(tenant.api.post('/departments', { name: 'support', assignment_timeout_seconds: 60 }));
    await created(tenant.api.post('/departments', { name: 'sales', inactivity_close_seconds: 60 }));
    const agent = await anAgent(tenant.api, { department: 'support' });
    const conversations = [
      await aConversation(tenant.api, { department: 'support' }),
      await aConversation(tenant.api, { department: 'sales', agent_id: agent.id }),
      await aConversation(tenant.api, { department: 'elsewhere' }),
    ];
    return { ...tenant, agent, conversations };
  }

  it('leave a closed organization alone: nothing is taken back, closed or routed', async () => {
    const [tenant, other] = [await aBusyOrganization(), await aBusyOrganization()];
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const states = ({ conversations }: typeof tenant): Promise<unknown[]> =>
      Promise.all(conversations.map(async ({ id }) => (await unitOfWork.query('SELECT status, agent_id, updated_at FROM conversations WHERE id = ?', [id]))[0]));
    const before = await states(tenant);
    expect(before).toMatchObject([{ status: 'open', agent_id: tenant.agent.id }, { status: 'open', agent_id: tenant.agent.id }, { status: 'queued', agent_id: null }]);
    expect((await cluster.b.api.delete(`/organizations/${tenant.organization.id}`)).status).toBe(204);
    // As though somebody who could serve what waits had come.
    for (const { agent } of [tenant, other]) await unitOfWork.run(() => unitOfWork.write("UPDATE agents SET department = 'elsewhere' WHERE id = ?", [agent.id]));
    clock.advance(HOUR);
    for (const { app } of [cluster.a, cluster.b]) for (const timer of [TakeBackUnaccepted, CloseInactive, ServeWaiting]) await app.get<{ run(): Promise<void> }>(timer).run();
    expect(await states(tenant)).toEqual(before);
    expect(await states(other)).toMatchObject([{ status: 'queued', agent_id: null }, { status: 'closed' }, { status: 'open', agent_id: other.agent.id }]);
  });
});

describe.runIf(HAS_SERVERS)('while Redis is away', () => {
  it('a closing is noticed elsewhere as soon as what is cached has grown old', async () => {
    const redis = await startPrivateRedis();
    const proxy = await startTcpProxy(redis.url);
    const database = await anEmptyDatabase();
    const a = await startTestApp({ database: { ...database, redisUrl: redis.url } });
    const b = await startTestApp({ database: { ...database, redisUrl: proxy.instead(redis.url) } });
    const { organization, api } = await anOrganization(a);
    const asked = async (): Promise<number> => (await b.as(api.headers).get('/auth/me')).status;
    expect(await asked()).toBe(200);
    proxy.cut();
    expect((await a.api.delete(`/organizations/${organization.id}`)).status).toBe(204);
    await expect.poll(asked, { timeout: 12_000, interval: 200 }).toBe(401);
    proxy.restore();
    for (const app of [a, b]) await app.close();
    await proxy.close();
    await redis.stop();
    await database.drop();
  }, 60_000);
});
