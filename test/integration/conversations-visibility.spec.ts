import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anApplication, anOrganization, created, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Answer, Caller } from '../support/start-test-app.js';

/** Which conversations each caller sees; the same table holds for what hangs on them. */
describe('data permission', () => {
  let cluster: Cluster;
  const callers: Record<string, Caller> = {};
  const conversations: Record<string, Resource> = {};
  const messages: Record<string, Resource> = {};

  const SEES: Record<string, string[]> = {
    'the agent of support': ['of support agent', 'queued in support', 'queued nowhere', 'closed of support agent'],
    'another agent of support': ['queued in support', 'queued nowhere'],
    'an agent of no department': ['of agent without department', 'queued nowhere'],
    'the supervisor of support': ['of support agent', 'of sales agent in support', 'queued in support', 'closed of support agent', 'of supervisor in sales', 'of supervisor nowhere'],
    'a supervisor of no department': ['of agent without department', 'queued nowhere', 'of supervisor nowhere'],
    'an admin': ['of support agent', 'of sales agent', 'of sales agent in support', 'of agent without department', 'queued in support', 'queued in sales', 'queued nowhere', 'closed of support agent', 'of supervisor in sales', 'of supervisor nowhere'],
    'an api key': ['of support agent', 'of sales agent', 'of sales agent in support', 'of agent without department', 'queued in support', 'queued in sales', 'queued nowhere', 'closed of support agent', 'of supervisor in sales', 'of supervisor nowhere'],
    'the key of another organization': [],
  };

  beforeAll(async () => {
    cluster = await startCluster();
    const { api } = cluster.a;
    const away = { status: 'away' };
    const support = await aLogin(cluster.a, { ...away, department: 'support' });
    const sales = await aLogin(cluster.a, { ...away, department: 'sales' });
    const none = await aLogin(cluster.a, away);
    const supervisor = await aLogin(cluster.a, { ...away, department: 'support', role: 'supervisor' });
    Object.assign(callers, {
      'the agent of support': support.as,
      'another agent of support': (await aLogin(cluster.a, { ...away, department: 'support' })).as,
      'an agent of no department': none.as,
      'the supervisor of support': supervisor.as,
      'a supervisor of no department': (await aLogin(cluster.a, { ...away, role: 'supervisor' })).as,
      'an admin': (await aLogin(cluster.a, { ...away, department: 'support', role: 'admin' })).as,
      'an api key': api,
      'the key of another organization': (await anOrganization(cluster.a)).api,
    });
    const make = async (name: string, over: Record<string, unknown>): Promise<void> => {
      conversations[name] = await aConversation(api, over);
      messages[name] = await aMessage(api, conversations[name]);
    };
    await make('of support agent', { agent_id: support.agent.id, department: 'support' });
    await make('of sales agent', { agent_id: sales.agent.id, department: 'sales' });
    await make('of sales agent in support', { agent_id: sales.agent.id, department: 'support' });
    await make('of agent without department', { agent_id: none.agent.id });
    await make('queued in support', { department: 'support' });
    await make('queued in sales', { department: 'sales' });
    await make('queued nowhere', {});
    await make('closed of support agent', { agent_id: support.agent.id, department: 'support' });
    await make('of supervisor in sales', { agent_id: supervisor.agent.id, department: 'sales' });
    await make('of supervisor nowhere', { agent_id: supervisor.agent.id });
    await api.delete(`/conversations/${conversations['closed of support agent']!.id}`);
  });

  afterAll(() => cluster.close());

  describe.each(Object.entries(SEES))('%s', (caller, seen) => {
    it('sees these conversations and no others', async () => {
      const found: Record<string, unknown> = {};
      for (const [name, { id }] of Object.entries(conversations)) {
        const { status, body } = await callers[caller]!.get(`/conversations/${id}`);
        found[name] = status === 200 ? body.id : body.code;
      }
      expect(found).toEqual(Object.fromEntries(Object.entries(conversations).map(([name, { id }]) => [name, seen.includes(name) ? id : 'conversation.not_found'])));
    });

    it('finds them in lists, with a total that tells no more', async () => {
      const { body } = await callers[caller]!.get('/conversations?limit=100&include_total=true');
      expect(new Set(body.data.map(({ id }: Resource) => id))).toEqual(new Set(seen.map((name) => conversations[name]!.id)));
      expect(body.total).toBe(seen.length);
    });

    it('sees their messages and no others', async () => {
      const list = (await callers[caller]!.get('/messages?limit=100')).body.data.map(({ id }: Resource) => id);
      expect(new Set(list)).toEqual(new Set(seen.map((name) => messages[name]!.id)));
      for (const [name, { id }] of Object.entries(messages)) {
        const visible = seen.includes(name);
        expect((await callers[caller]!.get(`/messages/${id}`)).status).toBe(visible ? 200 : 404);
        expect((await callers[caller]!.get(`/conversations/${conversations[name]!.id}/messages`)).status).toBe(visible ? 200 : 404);
      }
    });

    it('cannot touch what it does not see', async () => {
      for (const [name, conversation] of Object.entries(conversations).filter(([name]) => !seen.includes(name))) {
        const as = callers[caller]!;
        const answers = [
          await as.put(`/conversations/${conversation.id}`, { subject: 'mine' }),
          await as.delete(`/conversations/${conversation.id}`),
          await as.post('/messages', { conversation_id: conversation.id, sender: { type: 'agent', id: 'agt_00000000000000000000000000' }, type: 'text', content: 'x' }),
          await as.put(`/messages/${messages[name]!.id}`, { content: 'mine' }),
          await as.delete(`/messages/${messages[name]!.id}`),
        ];
        expect(tally(answers)).toEqual({ 404: 5 });
      }
      for (const { id } of Object.values(conversations)) expect((await cluster.a.api.get(`/conversations/${id}`)).body).toMatchObject({ subject: null, message_count: 1 });
    });
  });

  it('lets a confined application make just what it sees afterwards', async () => {
    const { api } = await anOrganization(cluster.a);
    const [mine, other] = [await anAgent(api), await anAgent(api)];
    const confinedTo = async (data_scope: object): Promise<Caller> => (await anApplication(cluster.a, { data_scope }, api)).as;
    const [toOne, toSeveral, toAgent] = [
      await confinedTo({ departments: ['support'], channels: ['web'] }), await confinedTo({ departments: ['support', 'sales'], channels: ['web', 'app'] }), await confinedTo({ agent_ids: [mine.id] }),
    ];
    const make = (as: Caller, over: object): Promise<Answer> => as.post('/conversations', { visitor: { external_id: unique('visitor') }, ...over });
    expect(await created(make(toOne, {}))).toMatchObject({ department: 'support', channel: 'web' });
    const within: [Caller, object][] = [[toOne, { channel: 'web' }], [toSeveral, { department: 'sales', channel: 'app' }], [toAgent, { agent_id: mine.id }]];
    for (const [as, over] of within) expect((await as.get(`/conversations/${(await created(make(as, over))).id}`)).status).toBe(200);
    const outside: [Caller, object][] = [
      [toOne, { department: 'sales' }], [toOne, { department: null }], [toOne, { channel: 'app' }], [toSeveral, { department: 'sales' }], [toSeveral, { channel: 'web' }],
      [toAgent, { agent_id: other.id }], [toAgent, { skills: ['none has it'] }],
    ];
    const count = async (): Promise<number> => (await api.get('/conversations?include_total=true&limit=1')).body.total;
    const before = await count();
    for (const [as, over] of outside) expect([over, (await make(as, over)).body.code]).toEqual([over, 'conversation.data_scope_exceeded']);
    expect(await count()).toBe(before);
  });
});
