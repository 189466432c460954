import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryRetention } from '../../src/modules/callbacks/deliveries/delivery-retention.js';
import { EVENT_TYPES } from '../../src/kernel/domain-event.js';
import type { Principal } from '../../src/kernel/principal.js';
import { RegisterEndpoint } from '../../src/modules/callbacks/endpoints/register-endpoint.js';
import { CreateConversation } from '../../src/modules/conversations/create-conversation.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anAgent, anApplication, anEndpoint, anOrganization, created, deliveriesOf, lastPosition, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

describe('an endpoint', () => {
  let cluster: Cluster;
  let sink: CallbackSink;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
    sink = await startCallbackSink();
  });

  beforeEach(async () => {
    ({ api, organization } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  /** As an application of this organization. */
  const application = (over: Partial<Principal> = {}): Principal => ({
    kind: 'api_key', id: organization['api_key'].id, organizationId: organization.id, scopes: new Set(['*']), operator: false, agent: null, application: null, ...over,
  });
  const plannedFor = async (endpoint: Resource): Promise<string[]> => (await deliveriesOf(api, endpoint)).map(({ event }) => event as string);

  it('gets the events that its patterns name', async () => {
    const patterns: [string[], string[]][] = [
      [['*'], ['agent.created', 'visitor.created', 'conversation.created', 'message.received', 'message.updated', 'conversation.closed']],
      [['message.*'], ['message.received', 'message.updated']],
      [['message.received', 'conversation.closed'], ['message.received', 'conversation.closed']],
      [['conversation.*', 'conversation.created'], ['conversation.created', 'conversation.closed']],
      [['message.deleted'], []],
    ];
    const endpoints = await Promise.all(patterns.map(([events], index) => anEndpoint(api, `${sink.url}/${index}`, { events })));
    await anAgent(api, { status: 'away' });
    const conversation = await aConversation(api);
    const message = await aMessage(api, conversation);
    await api.put(`/messages/${message.id}`, { content: 'edited' });
    await api.delete(`/conversations/${conversation.id}`);
    await cluster.settle();
    for (const [index, [, expected]] of patterns.entries()) {
      expect(new Set(await plannedFor(endpoints[index]!))).toEqual(new Set(expected));
      const received = sink.received.filter(({ path }) => path === `/${index}`);
      expect(new Set(received.map(({ body }) => body.event))).toEqual(new Set(expected));
      expect(received).toHaveLength(expected.length);
    }
  });

  it.each([['message'], ['message.'], ['message.*.x'], ['*.created'], ['**'], [''], ['messages.*'], ['message.lost'], [7], [null], [['*']]])('does not take %j for a pattern', async (pattern) => {
    expect(await api.post('/callbacks', { url: sink.url, events: ['*', pattern] })).toMatchObject({ status: 422, body: { errors: [{ field: 'events' }] } });
  });

  it('takes every event of the catalogue by name and by its area', async () => {
    const areas = new Set(EVENT_TYPES.map((type) => `${type.split('.')[0]}.*`));
    const endpoint = await anEndpoint(api, sink.url, { events: [...EVENT_TYPES, ...areas] });
    expect(endpoint['events']).toEqual([...EVENT_TYPES, ...areas]);
    for (const events of [[], 'message.*', undefined]) expect((await api.post('/callbacks', { url: sink.url, events })).status).toBe(422);
  });

  it('gets the events of its departments and channels only', async () => {
    const filters: [object | undefined, string[]][] = [
      [undefined, ['support/web', 'support/app', 'sales/web', 'none/web']],
      [{}, ['support/web', 'support/app', 'sales/web', 'none/web']],
      [{ departments: ['support'] }, ['support/web', 'support/app']],
      [{ channels: ['web'] }, ['support/web', 'sales/web', 'none/web']],
      [{ departments: ['support', 'sales'], channels: ['web'] }, ['support/web', 'sales/web']],
      [{ departments: ['Support'], channels: [] }, []],
    ];
    const endpoints = await Promise.all(filters.map(([filter]) => anEndpoint(api, sink.url, { events: ['message.received', 'visitor.created'], filter })));
    for (const [department, channel] of [['support', 'web'], ['support', 'app'], ['sales', 'web'], [undefined, 'web']]) {
      const conversation = await aConversation(api, { department, channel });
      await aMessage(api, conversation, { content: `${department ?? 'none'}/${channel}` });
    }
    await cluster.settle();
    const contents = await rows<{ callback_id: string; data: string }>(
      cluster.a, "SELECT d.callback_id, e.data FROM callback_deliveries d JOIN events e ON e.id = d.event_id WHERE e.type = 'message.received' AND e.organization_id = ?", [organization.id],
    );
    for (const [index, [filter, expected]] of filters.entries()) {
      const got = contents.filter(({ callback_id }) => callback_id === endpoints[index]!.id).map(({ data }) => JSON.parse(data).content);
      expect({ filter, got: new Set(got) }).toEqual({ filter, got: new Set(expected) });
    }
    expect(endpoints[2]!['filter']).toEqual({ departments: ['support'], channels: [] });
  });

  it('gets what its creator may see and nothing else', async () => {
    const { id: support } = await anAgent(api, { status: 'away', department: 'support' });
    const { id: supervisor } = await anAgent(api, { status: 'away', department: 'support', role: 'supervisor' });
    const { id: admin } = await anAgent(api, { status: 'away', role: 'admin' });
    const creators: [string, Principal, string[]][] = [
      ['agent', application({ kind: 'agent', id: support, agent: { role: 'agent', department: 'support' } }), ['own', 'queued in support', 'queued nowhere']],
      ['supervisor', application({ kind: 'agent', id: supervisor, agent: { role: 'supervisor', department: 'support' } }), ['own', 'of another', 'queued in support']],
      ['admin', application({ kind: 'agent', id: admin, agent: { role: 'admin', department: null } }), ['own', 'of another', 'queued in support', 'queued in sales', 'queued nowhere']],
    ];
    const service = cluster.a.app.get(RegisterEndpoint);
    const endpoints = await Promise.all(creators.map(([, principal]) => service.create(principal, { url: sink.url, events: ['conversation.created', 'visitor.created'] })));
    const make = (subject: string, over: object) => aConversation(api, { subject, ...over });
    await make('own', { agent_id: support, department: 'support' });
    await make('of another', { agent_id: supervisor, department: 'support' });
    await make('queued in support', { department: 'support' });
    await make('queued in sales', { department: 'sales' });
    await make('queued nowhere', {});
    const planned = await rows<{ callback_id: string; type: string; data: string }>(cluster.a, 'SELECT d.callback_id, e.type, e.data FROM callback_deliveries d JOIN events e ON e.id = d.event_id WHERE e.organization_id = ?', [organization.id]);
    for (const [index, [creator, , expected]] of creators.entries()) {
      const got = planned.filter(({ callback_id }) => callback_id === endpoints[index]!.id);
      const subjects = got.filter(({ type }) => type === 'conversation.created').map(({ data }) => JSON.parse(data).subject);
      expect({ creator, subjects: new Set(subjects) }).toEqual({ creator, subjects: new Set(expected) });
      expect(got.filter(({ type }) => type === 'visitor.created')).toHaveLength(5);
    }
  });

  it('gets nothing of another organization', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    const mine = await anEndpoint(api, sink.url);
    const foreign = await anEndpoint(theirs, sink.url);
    await aConversation(theirs);
    expect(await deliveriesOf(api, mine)).toEqual([]);
    expect(await deliveriesOf(theirs, foreign)).toHaveLength(2);
    for (const answer of [
      await api.get(`/callbacks/${foreign.id}`), await api.put(`/callbacks/${foreign.id}`, { enabled: false }), await api.delete(`/callbacks/${foreign.id}`),
      await api.get(`/callbacks/${foreign.id}/deliveries`), await api.get(`/callbacks/${mine.id}/deliveries/${(await deliveriesOf(theirs, foreign))[0]!.id}`),
    ]) expect(answer.status).toBe(404);
  });

  it('is for callers with the scope only', async () => {
    const { as } = await anApplication(cluster.a, { scopes: ['events:read'] });
    expect(tally([await as.get('/callbacks'), await as.post('/callbacks', { url: sink.url, events: ['*'] })])).toEqual({ 403: 2 });
  });

  it('gets nothing of a change that was rolled back', async () => {
    const endpoint = await anEndpoint(api, sink.url);
    const before = await lastPosition(api);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const broken = unitOfWork.run(async () => {
      await cluster.a.app.get(CreateConversation).create(application(), { visitor: { external_id: unique('visitor') } });
      unitOfWork.beforeCommit('zz-last', () => Promise.reject(new Error('the disk is full')));
    });
    await expect(broken).rejects.toThrow('the disk is full');
    await cluster.settle();
    expect(await deliveriesOf(api, endpoint)).toEqual([]);
    expect(await lastPosition(api)).toBe(before);
    expect(sink.received).toEqual([]);
    expect((await api.get('/conversations')).body.data).toEqual([]);
  });

  it.runIf(HAS_SERVERS)('that is registered while a change is under way gets that change', async () => {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const endpoint = await unitOfWork.run(async () => {
      await cluster.a.app.get(CreateConversation).create(application(), { visitor: { external_id: unique('visitor') } });
      // Through another instance and committed there, while this transaction is open.
      return unitOfWork.detached(() => anEndpoint(cluster.b.as(api.headers), sink.url, { events: ['conversation.created'] }));
    });
    expect(await plannedFor(endpoint)).toEqual(['conversation.created']);
    await sink.waitFor(1, 10_000);
  });

  it('that is registered on one instance gets the very next change of the other', async () => {
    for (let round = 0; round < 50; round++) {
      const [here, there] = [cluster.each(round).as(api.headers), cluster.each(round + 1).as(api.headers)];
      const endpoint = await anEndpoint(here, `${sink.url}/${round}`, { events: ['visitor.created'] });
      await created(there.post('/visitors', {}));
      expect(await plannedFor(endpoint)).toEqual(['visitor.created']);
      expect((await here.delete(`/callbacks/${endpoint.id}`)).status).toBe(204);
      await created(there.post('/visitors', {}));
    }
    const [{ count } = { count: -1 }] = await rows<{ count: number }>(cluster.a, 'SELECT COUNT(*) AS count FROM callback_deliveries WHERE organization_id = ?', [organization.id]);
    expect(Number(count)).toBe(50);
  }, 60_000);

  it('that is disabled is sent nothing; enabled again it gets what had been waiting, and what came later', async () => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'], retry: { schedule_seconds: [3600] } });
    const path = `/callbacks/${endpoint.id}`;
    const waited = await created(api.post('/visitors', {}));
    expect((await api.put(path, { enabled: false })).body).toMatchObject({ enabled: false, disabled_reason: null });
    await dueNow(endpoint);
    // Wakes a pump, which must leave what is due alone without coming back for it again and again.
    await api.put(path, { description: 'out of service' });
    await created(api.post('/visitors', {}));
    await cluster.settle();
    expect(sink.received).toEqual([]);
    expect(await deliveriesOf(api, endpoint)).toEqual([expect.objectContaining({ status: 'pending', attempt_count: 0 })]);
    const [waiting] = await deliveriesOf(api, endpoint);
    expect(await api.post(`${path}/deliveries/${waiting!.id}/retry`)).toMatchObject({ status: 409, body: { code: 'callback.disabled' } });

    expect((await api.put(path, { enabled: true, retry: { schedule_seconds: [0] } })).body.enabled).toBe(true);
    const later = await created(api.post('/visitors', {}));
    const requests = await sink.waitFor(2, 10_000);
    expect(new Set(requests.map(({ body }) => body.data.visitor_id))).toEqual(new Set([waited.id, later.id]));
    await cluster.settle();
    expect(await deliveriesOf(api, endpoint)).toHaveLength(2);
  });

  it('that is created disabled waits for nothing', async () => {
    const endpoint = await anEndpoint(api, sink.url, { enabled: false });
    await aConversation(api);
    expect(await deliveriesOf(api, endpoint)).toEqual([]);
    expect((await api.get('/callbacks?enabled=false')).body.data.map(({ id }: Resource) => id)).toEqual([endpoint.id]);
    expect((await api.get('/callbacks?enabled=true')).body.data).toEqual([]);
  });

  it('that is deleted takes what was outstanding with it', async () => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'], retry: { schedule_seconds: [3600] } });
    await created(api.post('/visitors', {}));
    const [delivery] = await deliveriesOf(api, endpoint);
    expect((await api.delete(`/callbacks/${endpoint.id}`)).status).toBe(204);
    expect((await api.delete(`/callbacks/${endpoint.id}`)).status).toBe(404);
    for (const path of ['', '/deliveries', `/deliveries/${delivery!.id}`]) expect((await api.get(`/callbacks/${endpoint.id}${path}`)).body.code).toBe('callback.not_found');
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`)).body.code).toBe('callback.not_found');
    await cluster.a.app.get(DeliveryRetention).run();
    const [row] = await rows(cluster.a, 'SELECT status, due_at FROM callback_deliveries WHERE id = ?', [delivery!.id]);
    expect(row).toEqual({ status: 'discarded', due_at: null });
    await cluster.settle();
    expect(sink.received).toEqual([]);
  });

  it('that is deleted while something is sent again by hand leaves nothing that waits for ever', async () => {
    for (let round = 0; round < 10; round++) {
      const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'], retry: { schedule_seconds: [3600] } });
      await created(api.post('/visitors', {}));
      const [delivery] = await deliveriesOf(api, endpoint);
      await Promise.all([
        ...[0, 1, 2].map((index) => cluster.each(index).as(api.headers).post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`)),
        cluster.each(round).as(api.headers).delete(`/callbacks/${endpoint.id}`),
      ]);
    }
    await cluster.settle();
    await cluster.a.app.get(DeliveryRetention).run();
    expect(await rows(cluster.a, 'SELECT id FROM callback_deliveries WHERE due_at IS NOT NULL AND callback_id NOT IN (SELECT id FROM callback_endpoints)')).toEqual([]);
  });

  it('changes with what the body carries, from the next event on', async () => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'], filter: { channels: ['web'] }, description: 'one' });
    const path = `/callbacks/${endpoint.id}`;
    const { secret: _, ...view } = endpoint;
    expect((await api.get(path)).body).toEqual(view);
    const changed = (await api.put(path, { events: ['visitor.updated'], filter: {}, timeout_ms: 1000, retry: null, description: null })).body;
    expect(changed).toMatchObject({
      url: view['url'], events: ['visitor.updated'], filter: { departments: [], channels: [] }, timeout_ms: 1000, description: null,
      retry: { schedule_seconds: [0, 5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 36_000] },
    });
    const visitor = await created(api.post('/visitors', {}));
    await api.put(`/visitors/${visitor.id}`, { name: 'Ada' });
    expect(await plannedFor(endpoint)).toEqual(['visitor.updated']);
    const etag = (await api.get(path)).headers.get('etag')!;
    expect((await api.put(path, { timeout_ms: 2000 }, { 'if-match': etag })).status).toBe(200);
    expect((await api.put(path, { timeout_ms: 3000 }, { 'if-match': etag })).status).toBe(412);
    expect((await api.delete(path, { 'if-match': etag })).status).toBe(412);
  });

  it.each([
    { url: 'ftp://example.com' }, { url: 'example.com' }, { url: 'https://user:pass@example.com' }, { url: 'http://example.com:0/' }, { url: '' }, { url: null }, { url: `https://example.com/${'x'.repeat(2000)}` },
    { timeout_ms: 999 }, { timeout_ms: 30_001 }, { timeout_ms: '1000' }, { retry: { schedule_seconds: [] } }, { retry: { schedule_seconds: [-1] } }, { retry: { schedule_seconds: [0.5] } },
    { retry: { schedule_seconds: Array.from({ length: 31 }, () => 0) } }, { retry: {} }, { retry: { schedule_seconds: 5 } }, { format: 'xml' }, { filter: { departments: 'support' } },
    { filter: { cities: [] } }, { filter: null }, { enabled: 'yes' }, { enabled: null }, { description: 'x'.repeat(501) }, { id: 'cbk_1' }, { disabled_reason: null },
  ])('is refused with %j', async (wrong) => {
    expect((await api.post('/callbacks', { url: 'https://example.com', events: ['*'], ...wrong })).status).toBe(422);
    const endpoint = await anEndpoint(api, sink.url);
    expect((await api.put(`/callbacks/${endpoint.id}`, wrong)).status).toBe(422);
    expect((await api.get(`/callbacks/${endpoint.id}`)).body.updated_at).toBe(endpoint['updated_at']);
  });

  async function dueNow(endpoint: Resource): Promise<void> {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    await unitOfWork.run(() => unitOfWork.transaction.query('UPDATE callback_deliveries SET due_at = ? WHERE callback_id = ?', [Date.now(), endpoint.id]));
  }
});
