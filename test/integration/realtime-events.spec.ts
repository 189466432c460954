import type { Namespace } from 'socket.io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RealtimeGateway } from '../../src/modules/realtime/realtime.gateway.js';
import { Invalidation } from '../../src/platform/cache/invalidation.js';
import { changeRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import type { RecoveryAdapter } from '../../src/platform/sockets/recovery-adapter.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anOrganization, created, eventsAfter, lastPosition, unique } from '../support/desk.js';
import type { LoggedEvent, Resource } from '../support/desk.js';
import { openSocket } from '../support/open-socket.js';
import { SocketRefused, connectSocket } from '../support/socket-client.js';
import type { SocketClient } from '../support/socket-client.js';
import { ADMIN_PASSWORD, API_KEY, startTestApp } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const WAIT_MS = 5000;

/** What a process without Redis holds in memory for clients that may come back. */
const keptBy = ({ adapter }: Namespace): { packets: number; bytes: number } => (adapter as RecoveryAdapter).kept;

describe('a socket', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const connect = (token: string, on = cluster.a, options: Parameters<typeof connectSocket>[2] = {}): Promise<SocketClient> => openSocket(on.url, token, options);

  /** An event that everybody sees, after which nothing older can still be under way to a socket of these. */
  async function untilQuiet(caller: Caller, listening: SocketClient[]): Promise<void> {
    const { id } = await created(caller.post('/visitors', {}));
    await Promise.all(listening.map((socket) => socket.waitFor(({ event, envelope }) => event === 'visitor.created' && envelope.data['visitor_id'] === id, WAIT_MS)));
  }

  const refusal = (auth: unknown): Promise<unknown> =>
    connectSocket(cluster.a.url, '', { auth: auth as Record<string, unknown> }).then((socket) => socket.close(), (error: unknown) => (error instanceof SocketRefused ? error.code : error));

  it('is refused at the handshake with a code that says why', async () => {
    expect(await refusal({})).toBe('auth.credential_missing');
    expect(await refusal(undefined)).toBe('auth.credential_missing');
    for (const token of ['', 7, null, ['x'], { a: 1 }]) expect(await refusal({ token })).toBe('auth.credential_missing');
    for (const token of ['nonsense', 'cdk_unknownunknownunknownunknown', `${API_KEY}x`, 'eyJhbGciOiJub25lIn0.e30.', 'x'.repeat(10_000)]) expect(await refusal({ token })).toBe('auth.credential_invalid');
    const { agent, as } = await aLogin(cluster.a, { status: 'away' });
    clock.advance(16 * 60_000);
    expect(await refusal({ token: as.token })).toBe('auth.credential_invalid');
    const { agent: disabled, as: former } = await aLogin(cluster.a, { status: 'away' });
    await api.delete(`/agents/${disabled.id}`);
    expect(await refusal({ token: former.token })).toBe('auth.credential_invalid');
    expect((await connect((await cluster.a.login(agent['username'], 'the password of an agent')).token)).ready.position).toBeGreaterThan(0);
  });

  it('is told the position of the log when it is ready, and misses nothing after it', async () => {
    await created(api.post('/visitors', {}));
    const socket = await connect(API_KEY);
    expect(socket.ready.position).toBe(await lastPosition(api));
    const busy = Promise.all(Array.from({ length: 20 }, (_, index) => created(cluster.each(index).api.post('/visitors', {}))));
    const late = await connect(API_KEY, cluster.b);
    await busy;
    await untilQuiet(api, [late]);
    const missable = (await eventsAfter(api, late.ready.position)).map(({ id }) => id);
    const seen = new Set(late.events.map(({ envelope }) => envelope.id));
    expect(missable.filter((id) => !seen.has(id))).toEqual([]);
  });

  it('gets what its owner may see, each event once, whichever instance it happened on', async () => {
    const away = { status: 'away' };
    const support = await aLogin(cluster.a, { ...away, department: 'support' });
    const colleague = await aLogin(cluster.a, { ...away, department: 'support' });
    const sales = await aLogin(cluster.a, { ...away, department: 'sales' });
    const supervisor = await aLogin(cluster.a, { ...away, department: 'support', role: 'supervisor' });
    const admin = await cluster.a.login('admin', ADMIN_PASSWORD);
    const { api: theirs } = await anOrganization(cluster.a);
    const tokens = { support: support.as.token, colleague: colleague.as.token, sales: sales.as.token, supervisor: supervisor.as.token, admin: admin.token, key: API_KEY, stranger: theirs.headers['x-api-key']! };
    const names = Object.keys(tokens) as (keyof typeof tokens)[];
    const clients = Object.fromEntries(await Promise.all(names.map(async (name, index) => [name, await connect(tokens[name], cluster.each(index))]))) as Record<keyof typeof tokens, SocketClient>;

    const from = cluster.b.api;
    const make = async (subject: string, over: Record<string, unknown>): Promise<void> => {
      const conversation = await aConversation(from, { subject, ...over });
      await aMessage(from, conversation, { content: subject });
    };
    await make('own', { agent_id: support.agent.id, department: 'support' });
    await make('of sales', { agent_id: sales.agent.id, department: 'sales' });
    await make('sales agent in support', { agent_id: sales.agent.id, department: 'support' });
    await make('queued in support', { department: 'support' });
    await make('queued nowhere', {});
    await from.put(`/agents/${sales.agent.id}/status`, { status: 'busy' });
    await untilQuiet(from, names.filter((name) => name !== 'stranger').map((name) => clients[name]));
    await untilQuiet(theirs, [clients.stranger]);

    const visible: Record<string, string[]> = {
      support: ['own', 'queued in support', 'queued nowhere'],
      colleague: ['queued in support', 'queued nowhere'],
      sales: ['of sales', 'sales agent in support', 'queued nowhere'],
      supervisor: ['own', 'sales agent in support', 'queued in support'],
      admin: ['own', 'of sales', 'sales agent in support', 'queued in support', 'queued nowhere'],
      key: ['own', 'of sales', 'sales agent in support', 'queued in support', 'queued nowhere'],
      stranger: [],
    };
    for (const name of names) {
      const { events } = clients[name];
      const contents = events.filter(({ event }) => event === 'message.received').map(({ envelope }) => envelope.data['content']);
      expect({ name, contents }).toEqual({ name, contents: visible[name] });
      const subjects = events.filter(({ event }) => event === 'conversation.created').map(({ envelope }) => envelope.data['subject']);
      expect({ name, subjects }).toEqual({ name, subjects: visible[name] });
      expect(new Set(events.map(({ envelope }) => envelope.id)).size).toBe(events.length);
      expect({ name, statuses: events.filter(({ event }) => event === 'agent.status_changed').length }).toEqual({ name, statuses: name === 'stranger' ? 0 : 1 });
    }
  });

  it('is told when a conversation goes out of the sight of its owner, and no more of it', async () => {
    const [support, sales] = [unique('support'), unique('sales')];
    const away = { status: 'away' };
    const one = await aLogin(cluster.a, { ...away, department: support });
    const other = await aLogin(cluster.a, { ...away, department: support });
    const seller = await aLogin(cluster.a, { ...away, department: sales });
    const supervisor = await aLogin(cluster.a, { ...away, department: support, role: 'supervisor' });
    const [ones, others, sellers, supervisors] = (await Promise.all(
      [one, other, seller, supervisor].map(({ as }, index) => connect(as.token, cluster.each(index))),
    )) as [SocketClient, SocketClient, SocketClient, SocketClient];
    const told = ({ events }: SocketClient): [string, unknown][] =>
      events.filter(({ event }) => event.startsWith('conversation.')).map(({ event, envelope }) => [event, 'channel' in envelope.data ? 'whole' : envelope.data]);
    const steps = async (work: () => Promise<unknown>): Promise<Record<string, [string, unknown][]>> => {
      const sockets = [ones, others, sellers, supervisors];
      await untilQuiet(api, sockets);
      for (const { events } of sockets) events.length = 0;
      await work();
      await untilQuiet(api, sockets);
      return { one: told(ones), other: told(others), seller: told(sellers), supervisor: told(supervisors) };
    };

    const conversation = await aConversation(api, { department: support, subject: 'for us' });
    const path = `/conversations/${conversation.id}`;
    const gone = { conversation_id: conversation.id, department: support, previous_status: 'queued', previous_agent_id: null, agent_id: one.agent.id, status: 'open' };
    const taken = await steps(() => one.as.post(`${path}/accept`));
    const whole = ['conversation.assigned', 'conversation.updated'].map((event) => [event, 'whole']);
    expect(taken).toEqual({ one: whole, other: [['conversation.assigned', gone], ['conversation.updated', gone]], seller: [], supervisor: whole });

    const moved = await steps(() => api.post(`${path}/transfer`, { department: sales, reason: 'not for them' }));
    const there = { conversation_id: conversation.id, department: sales, previous_department: support, previous_status: 'open', previous_agent_id: one.agent.id, agent_id: null, status: 'queued' };
    expect(moved).toEqual({ one: [['conversation.transferred', there]], other: [], seller: [['conversation.transferred', 'whole']], supervisor: [['conversation.transferred', there]] });

    const back = await steps(() => api.put(path, { department: support, subject: 'for us again' }));
    const again = { conversation_id: conversation.id, department: support, previous_department: sales, previous_status: 'queued', previous_agent_id: null, agent_id: null, status: 'queued' };
    const updated = [['conversation.updated', 'whole']];
    expect(back).toEqual({ one: updated, other: updated, seller: [['conversation.updated', again]], supervisor: updated });

    const ended = { ...again, previous_department: undefined, status: 'closed' };
    expect(await steps(() => api.delete(path))).toEqual({ one: [['conversation.closed', ended]], other: [['conversation.closed', ended]], seller: [], supervisor: [['conversation.closed', 'whole']] });
    expect(await steps(() => api.put(path, { subject: 'later' }))).toEqual({ one: [], other: [], seller: [], supervisor: updated });
  });

  it('gets the same envelope as the log has', async () => {
    const socket = await connect(API_KEY, cluster.b);
    const conversation = await aConversation(api);
    const message = await aMessage(api, conversation, { content: 'é👋' });
    const { envelope, event } = await socket.waitFor(({ envelope: { data } }) => data['message_id'] === message.id, WAIT_MS);
    const { position: _, ...logged } = (await api.get(`/events/${envelope.id}`)).body;
    expect(envelope).toEqual(logged);
    expect(envelope.event).toBe(event);
  });

  it('gets the events of a conversation in the order of their seq', async () => {
    const socket = await connect(API_KEY);
    const conversation = await aConversation(api);
    await Promise.all(Array.from({ length: 50 }, () => aMessage(api, conversation)));
    await untilQuiet(api, [socket]);
    const seqs = socket.events.filter(({ envelope }) => envelope.event === 'message.received').map(({ envelope }) => envelope.data['seq']);
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('is one of several: every tab of an agent gets everything once, and a closed one takes nothing from the others', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'away' });
    const tabs = await Promise.all([0, 1, 2].map((index) => connect(as.token, cluster.each(index))));
    const conversation = await aConversation(api, { agent_id: agent.id });
    await aMessage(api, conversation);
    for (const tab of tabs) await tab.waitFor('message.received', WAIT_MS);
    tabs[0]!.close();
    await aMessage(api, conversation);
    for (const tab of tabs.slice(1)) {
      await tab.waitFor(({ envelope }) => envelope.data['seq'] === 2, WAIT_MS);
      expect(tab.events.filter(({ event }) => event === 'message.received')).toHaveLength(2);
    }
    expect(tabs[0]!.events.filter(({ event }) => event === 'message.received')).toHaveLength(1);
  });

  it('is not given what only callbacks and their owners are concerned with, unless its owner is one of them', async () => {
    const { as } = await aLogin(cluster.a, { status: 'away' });
    const agent = await connect(as.token);
    const key = await connect(API_KEY);
    const endpoint = await created(api.post('/callbacks', { url: 'http://127.0.0.1:1/?token=of-the-receiver', events: ['visitor.created'], retry: { schedule_seconds: [0] } }));
    await created(api.post('/visitors', {}));
    const told = await key.waitFor('callback.exhausted', WAIT_MS);
    expect(told.envelope.data).toMatchObject({ callback_id: endpoint.id });
    await api.delete(`/callbacks/${endpoint.id}`);
    await untilQuiet(api, [agent]);
    expect(agent.events.filter(({ event }) => event.startsWith('callback.'))).toEqual([]);
    expect((await as.get('/events?event=callback.exhausted')).body.data).toEqual([]);
  });

  it('is refused by a process that does not serve the API', async () => {
    const worker = await startTestApp({ env: { ROLES: 'worker' } });
    for (const transports of [['websocket'], ['polling']] as ('websocket' | 'polling')[][]) {
      await expect(connectSocket(worker.url, API_KEY, { transports })).rejects.toThrow(/websocket error|xhr poll error/);
    }
    await worker.close();
  });

  it.skipIf(process.env.TEST_MATRIX === 'servers')('that nobody has opened costs no memory', async () => {
    const alone = await startTestApp();
    const { namespace } = alone.app.get(RealtimeGateway) as unknown as { namespace: Namespace };
    await created(alone.api.post('/visitors', {}));
    expect(keptBy(namespace)).toEqual({ packets: 0, bytes: 0 });
    const client = await connectSocket(alone.url, API_KEY);
    const before = keptBy(namespace).packets;
    const ended = new Promise((resolve) => client.socket.once('disconnect', resolve));
    await created(alone.api.post('/visitors', {}));
    await client.waitFor('visitor.created', WAIT_MS);
    expect(keptBy(namespace).packets).toBe(before + 1);
    client.close();
    await ended;
    await alone.close();
  });

  describe('whose client comes back', () => {
    const drop = async (client: SocketClient): Promise<void> => {
      const gone = new Promise((resolve) => client.socket.once('disconnect', resolve));
      client.socket.io.engine.close();
      await gone;
    };
    const comeBack = async (client: SocketClient): Promise<void> => {
      const ready = new Promise((resolve) => client.socket.once('ready', resolve));
      client.socket.connect();
      await ready;
    };
    const visitorIds = (client: SocketClient): unknown[] => client.events.map(({ envelope }) => envelope.data['visitor_id']).filter((id) => id !== undefined);

    it('is given what it missed, in order and once', async () => {
      const client = await connect(API_KEY);
      await untilQuiet(api, [client]);
      await drop(client);
      const missed: Resource[] = [];
      for (let index = 0; index < 5; index++) missed.push(await created(cluster.each(index).api.post('/visitors', {})));
      await comeBack(client);
      expect(client.socket.recovered).toBe(true);
      await untilQuiet(api, [client]);
      expect(visitorIds(client).slice(1, 6)).toEqual(missed.map(({ id }) => id));
      expect(new Set(client.events.map(({ envelope }) => envelope.id)).size).toBe(client.events.length);
      expect((await client.request('message.send', {})).error!.code).toBe('request.invalid');
    });

    it.skipIf(process.env.TEST_MATRIX === 'servers')('after more than this process keeps is told so, and asks for what it missed', async () => {
      const client = await connect(API_KEY);
      await untilQuiet(api, [client]);
      const known = await lastPosition(api);
      await drop(client);
      const missed = await created(api.post('/visitors', {}));
      const { namespace } = cluster.a.app.get(RealtimeGateway) as unknown as { namespace: Namespace };
      for (let index = 0; index < 33; index++) namespace.to('nobody').emit('much', 'x'.repeat(1024 * 1024));
      expect(keptBy(namespace).bytes).toBeLessThanOrEqual(32 * 1024 * 1024);
      await comeBack(client);
      expect(client.socket.recovered).toBe(false);
      expect(visitorIds(client)).not.toContain(missed.id);
      const { data } = await client.request('sync', { after_position: known });
      expect(data.events.map((event: LoggedEvent) => event.data['visitor_id'])).toContain(missed.id);
      for (let index = 0; index < 60_000; index++) namespace.to('nobody').emit('many', index);
      expect(keptBy(namespace).packets).toBeLessThanOrEqual(50_000);
    });

    it('is not given what it may no longer see', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away', department: 'support' });
      const client = await connect(as.token);
      await untilQuiet(api, [client]);
      await drop(client);
      await api.put(`/agents/${agent.id}`, { department: 'sales' });
      await comeBack(client);
      const before = client.events.length;
      await aConversation(api, { department: 'support', subject: 'not for sales' });
      const forSales = await aConversation(api, { department: 'sales' });
      await client.waitFor(({ envelope }) => envelope.data['conversation_id'] === forSales.id, WAIT_MS);
      expect(client.events.slice(before).map(({ envelope }) => envelope.data['subject'])).not.toContain('not for sales');
    });

    it('is not given what happened since its owner sees less', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away', role: 'supervisor', department: 'support' });
      const client = await connect(as.token);
      await untilQuiet(api, [client]);
      await drop(client);
      await api.put(`/agents/${agent.id}`, { role: 'agent', department: 'sales' });
      await aConversation(api, { department: 'support', subject: 'not for sales' });
      await comeBack(client);
      const forSales = await aConversation(api, { department: 'sales' });
      await client.waitFor(({ envelope }) => envelope.data['conversation_id'] === forSales.id, WAIT_MS);
      expect(client.events.map(({ envelope }) => envelope.data['subject'])).not.toContain('not for sales');
    });

    it('is given nothing when its agent is no more', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const client = await connect(as.token);
      await untilQuiet(api, [client]);
      await drop(client);
      await api.delete(`/agents/${agent.id}`);
      await created(api.post('/visitors', {}));
      const before = client.events.length;
      const refused = new Promise<{ data?: { code?: string } }>((resolve) => client.socket.once('connect_error', resolve as (error: Error) => void));
      client.socket.connect();
      expect((await refused).data?.code).toBe('auth.credential_invalid');
      expect(client.events).toHaveLength(before);
    });

    it('as somebody else is only what that one may be', async () => {
      const [first, second] = [await aLogin(cluster.a, { status: 'away', department: 'support' }), await aLogin(cluster.a, { status: 'away', department: 'sales' })];
      const client = await connect(first.as.token);
      await untilQuiet(api, [client]);
      await drop(client);
      client.socket.auth = { token: second.as.token };
      await comeBack(client);
      await aConversation(api, { agent_id: first.agent.id, department: 'support', subject: 'of the first' });
      const own = await aConversation(api, { agent_id: second.agent.id });
      await client.waitFor(({ envelope }) => envelope.data['conversation_id'] === own.id, WAIT_MS);
      expect(client.events.map(({ envelope }) => envelope.data['subject'])).not.toContain('of the first');
    });
  });

  describe('while its agent changes', () => {
    const ended = (client: SocketClient): Promise<string> => new Promise((resolve) => client.socket.once('disconnect', resolve));

    it.each([
      ['is disabled', ({ id }: Resource) => api.delete(`/agents/${id}`)],
      ['gets another password', ({ id }: Resource) => api.put(`/agents/${id}`, { password: 'another password' })],
    ])('ends on every instance when the agent %s', async (_, change) => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const other = await aLogin(cluster.a, { status: 'away' });
      const clients = await Promise.all([cluster.a, cluster.b].map((instance) => connect(as.token, instance)));
      const bystander = await connect(other.as.token);
      const ends = clients.map(ended);
      expect((await change(agent)).status).toBeLessThan(300);
      expect(await Promise.all(ends)).toEqual(['io server disconnect', 'io server disconnect']);
      await untilQuiet(api, [bystander]);
      expect(bystander.socket.connected).toBe(true);
    });

    it('ends when the word of the change was lost, once that is known', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const client = await connect(as.token);
      const bystander = await connect(API_KEY);
      const end = ended(client);
      const unitOfWork = cluster.a.app.get(UnitOfWork);
      await unitOfWork.run(() => changeRows(unitOfWork, 'UPDATE agents SET enabled = 0 WHERE id = ?', [agent.id]));
      (cluster.a.app.get(Invalidation) as unknown as { tellReset(): void }).tellReset();
      expect(await end).toBe('io server disconnect');
      await untilQuiet(api, [bystander]);
      expect(bystander.socket.connected).toBe(true);
    });

    it('ends when a used refresh token comes again', async () => {
      const agent = await anAgent(api, { status: 'away', password: 'the password of an agent' });
      const login = (await cluster.a.as({}).post('/auth/login', { username: agent['username'], password: 'the password of an agent' })).body;
      const client = await connect(login.access_token, cluster.b);
      const end = ended(client);
      for (let use = 0; use < 2; use++) await cluster.a.as({}).post('/auth/refresh', { refresh_token: login.refresh_token });
      expect(await end).toBe('io server disconnect');
    });

    it('goes on beyond the life of its access token, while the log-in lives', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const client = await connect(as.token);
      clock.advance(20 * 60_000);
      await api.put(`/agents/${agent.id}`, { nickname: 'still here' });
      const conversation = await aConversation(api, { agent_id: agent.id });
      await client.waitFor(({ envelope }) => envelope.data['conversation_id'] === conversation.id, WAIT_MS);
      expect(await client.request('message.send', { conversation_id: conversation.id, type: 'text', content: 'hello' })).toMatchObject({ ok: true });
    });

    it.each([['a', 'b'], ['b', 'a']] as const)('sees what the new department and role may see (socket on %s, change on %s)', async (socketOn, changeOn) => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away', department: 'support' });
      const client = await connect(as.token, cluster[socketOn]);
      const caller = cluster[changeOn].api;
      const department = unique('department');
      const subjects = (): unknown[] => client.events.filter(({ event }) => event === 'conversation.created').map(({ envelope }) => envelope.data['subject']);
      const make = (subject: string, over: object): Promise<Resource> => aConversation(caller, { subject, ...over });
      const become = async (change: object): Promise<void> => {
        await caller.put(`/agents/${agent.id}`, change);
        // The rooms change with a message between instances; what follows it in the same channel comes later.
        await expect.poll(async () => {
          await make('probe', { department });
          await untilQuiet(caller, [client]);
          return subjects().at(-1);
        }, { timeout: 2000, interval: 20 }).toBe('probe');
      };
      await make('one', { department: 'support' });
      await become({ department });
      await make('two', { department: 'support' });
      await make('three', { department });
      await caller.put(`/agents/${agent.id}`, { role: 'admin' });
      await expect.poll(async () => {
        await make('for admins', { department: 'elsewhere' });
        await untilQuiet(caller, [client]);
        return subjects().at(-1);
      }, { timeout: 2000, interval: 20 }).toBe('for admins');
      expect(subjects().filter((subject) => subject !== 'probe' && subject !== 'for admins')).toEqual(['one', 'three']);
    });
  });
});
