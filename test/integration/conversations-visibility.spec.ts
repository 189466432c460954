import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anOrganization, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

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
    'the supervisor of support': ['of support agent', 'of sales agent in support', 'queued in support', 'closed of support agent'],
    'a supervisor of no department': ['of agent without department', 'queued nowhere'],
    'an admin': ['of support agent', 'of sales agent', 'of sales agent in support', 'of agent without department', 'queued in support', 'queued in sales', 'queued nowhere', 'closed of support agent'],
    'an api key': ['of support agent', 'of sales agent', 'of sales agent in support', 'of agent without department', 'queued in support', 'queued in sales', 'queued nowhere', 'closed of support agent'],
    'the key of another organization': [],
  };

  beforeAll(async () => {
    cluster = await startCluster();
    const { api } = cluster.a;
    const away = { status: 'away' };
    const support = await aLogin(cluster.a, { ...away, department: 'support' });
    const sales = await aLogin(cluster.a, { ...away, department: 'sales' });
    const none = await aLogin(cluster.a, away);
    Object.assign(callers, {
      'the agent of support': support.as,
      'another agent of support': (await aLogin(cluster.a, { ...away, department: 'support' })).as,
      'an agent of no department': none.as,
      'the supervisor of support': (await aLogin(cluster.a, { ...away, department: 'support', role: 'supervisor' })).as,
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
});
