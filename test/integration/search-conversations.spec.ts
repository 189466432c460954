import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

const inUrl = encodeURIComponent;

describe('the search for conversations', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    ({ api } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  async function found(q: string, { as = api, query = '' }: { as?: Caller; query?: string } = {}): Promise<string[]> {
    const answer = await as.get(`/conversations?q=${inUrl(q)}${query}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.body.data.map(({ id }: Resource) => id);
  }

  it('finds them by their subjects and by their messages, at once and on every instance', async () => {
    const bySubject = await aConversation(api, { subject: '申请退款 Refund' });
    const byMessage = await aConversation(api);
    await aMessage(api, byMessage, { content: '我要退款' });
    await aConversation(api, { subject: 'something else' });
    expect(await found('退款', { as: cluster.b.as(api.headers) })).toEqual([bySubject.id, byMessage.id]);
    expect(await found('refund')).toEqual([bySubject.id]);
    expect(await found('退')).toHaveLength(2);
    expect(await found('退款 else')).toEqual([]);
  });

  it('follows changes of the subject', async () => {
    const conversation = await aConversation(api, { subject: 'broken kettle' });
    expect(await found('kettle')).toEqual([conversation.id]);
    await api.put(`/conversations/${conversation.id}`, { subject: 'broken toaster' });
    expect([await found('kettle'), await found('toaster')]).toEqual([[], [conversation.id]]);
    await api.put(`/conversations/${conversation.id}`, { subject: null });
    expect(await found('toaster')).toEqual([]);
    expect(await rows(cluster.a, 'SELECT number FROM conversation_search WHERE conversation_id = ?', [conversation.id])).toEqual([]);
  });

  it('puts subjects first, then those with the most messages that match, then the newest; page by page, whatever happens meanwhile', async () => {
    const talks: Resource[] = [];
    for (let index = 0; index < 4; index++) talks.push(await aConversation(api));
    const [one, two, three, none] = talks as [Resource, Resource, Resource, Resource];
    for (const [talk, times] of [[one, 3], [two, 1], [three, 1], [none, 0]] as const) {
      for (let time = 0; time < times; time++) await aMessage(api, talk, { content: 'the orchid' });
    }
    const titled = await aConversation(api, { subject: 'Orchid' });
    const ranked = [titled.id, one.id, three.id, two.id];
    expect(await found('orchid')).toEqual(ranked);
    const walked: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.get(`/conversations?q=orchid&limit=1&include_total=true${cursor}`);
      expect(body.total).toBe(4);
      walked.push(...body.data.map(({ id }: Resource) => id));
      cursor = body.has_more ? `&cursor=${body.next_cursor}` : '';
      await aMessage(api, two, { content: 'an orchid more' });
    } while (cursor !== '');
    expect(walked).toEqual(ranked);
    expect(await found('orchid', { query: '&sort=created_at' })).toEqual([one.id, two.id, three.id, titled.id]);
    expect(await found('orchid', { query: '&sort=created_at&status=closed' })).toEqual([]);
  });

  it('finds what its caller may see, and nothing of others', async () => {
    const bootstrap = cluster.a.api;
    const { agent, as } = await aLogin(cluster.a, { status: 'away' });
    const own = await aConversation(bootstrap, { agent_id: agent.id, subject: 'mango' });
    const foreign = await aConversation(bootstrap, { department: 'elsewhere' });
    await aMessage(bootstrap, foreign, { content: 'mango' });
    await aConversation(api, { subject: 'mango' });
    expect(await found('mango', { as })).toEqual([own.id]);
    expect(await found('mango', { as: bootstrap })).toEqual([own.id, foreign.id]);
  });

  it('refuses what has no word in it, and foreign cursors', async () => {
    const { body: listed } = await api.get('/conversations?limit=1');
    for (const [query, field] of [['q=', 'q'], [`q=${inUrl('？！')}`, 'q'], [`q=orchid&cursor=${listed.next_cursor}`, 'cursor'], ['q=orchid&sort=colour', 'sort']]) {
      const answer = await api.get(`/conversations?${query}`);
      expect([query, answer.status, answer.body.errors?.[0]?.field]).toEqual([query, 422, field]);
    }
  });
});
