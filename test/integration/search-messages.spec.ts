import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { indexedText } from '../../src/platform/search/terms.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anApplication, anOrganization, created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

const inUrl = encodeURIComponent;

describe('the search for messages', () => {
  let cluster: Cluster;
  let api: Caller;
  let conversation: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
    ({ api } = await anOrganization(cluster.a));
    conversation = await aConversation(api);
  });

  afterAll(() => cluster.close());

  /** The contents that are found, in their order. */
  async function found(q: string, { as = api, query = '' }: { as?: Caller; query?: string } = {}): Promise<unknown[]> {
    const answer = await as.get(`/messages?q=${inUrl(q)}${query}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.body.data.map(({ content }: Resource) => content);
  }

  const say = (content: unknown, over: Record<string, unknown> = {}, where = conversation): Promise<Resource> => aMessage(api, where, { content, ...over });

  it('finds what has just been written, on every instance, Chinese words of two characters too', async () => {
    await say('我要申请退款，谢谢');
    expect(await found('退款', { as: api })).toEqual(['我要申请退款，谢谢']);
    await say('请给我发票');
    expect(await found('发票', { as: cluster.b.as(api.headers) })).toEqual(['请给我发票']);
    expect(await found('票')).toEqual(['请给我发票']);
    expect(await found('款发')).toEqual([]);
  });

  it('finds words of any length and kind, whatever their case, also common ones', async () => {
    await say('The courier has come AT 9, and a Parcel was lost');
    for (const q of ['the', 'at', 'a', '9', 'PARCEL', 'parcel the', 'ｐａｒｃｅｌ', 'parc*', 'lost, parcel!']) expect(await found(q), q).toHaveLength(1);
    for (const q of ['parc', 'arcel', 'parcel found']) expect(await found(q), q).toEqual([]);
  });

  it('reads no syntax in what was typed', async () => {
    await say('zebra crossing');
    for (const q of ['zebra -crossing', '+zebra', '"zebra" OR', 'zebra) OR (1=1', "zebra' OR '1'='1", 'zebra ~ < > @ ^ :', '{zebra}:crossing', 'zebra NEAR(crossing)', 'zebra \\', '%zebra%']) {
      const words = q.toLowerCase().match(/[a-z0-9]+/g)!;
      expect(await found(q), q).toEqual(words.every((word) => ['zebra', 'crossing'].includes(word)) ? ['zebra crossing'] : []);
    }
  });

  it('finds what objects say, and the messages of one conversation', async () => {
    const other = await aConversation(api);
    const card = { title: 'Winter jacket', fields: [{ name: 'Farbe', value: 'dunkelgrün' }], price: 120 };
    await say(card, { type: 'card' }, other);
    await say('a jacket');
    expect(await found('jacket dunkelgrün')).toEqual([card]);
    expect(await found('title')).toEqual([]);
    expect(await found('jacket', { query: `&conversation_id=${conversation.id}` })).toEqual(['a jacket']);
    expect((await api.get(`/conversations/${other.id}/messages?q=jacket`)).body.data).toHaveLength(1);
    expect(await found('jacket', { query: '&type=card' })).toEqual([card]);
  });

  it('follows edits and recalls', async () => {
    const message = await say('an umbrella');
    expect(await found('umbrella')).toHaveLength(1);
    await api.put(`/messages/${message.id}`, { content: 'a raincoat' });
    expect([await found('umbrella'), await found('raincoat')]).toEqual([[], ['a raincoat']]);
    await api.delete(`/messages/${message.id}`);
    expect(await found('raincoat')).toEqual([]);
    expect(await rows(cluster.a, 'SELECT number FROM message_search WHERE number = ?', [message['number']])).toEqual([]);
  });

  it('goes by what the table of words holds, however that came about', async () => {
    const message = await say('a ladder');
    expect(await found('ladder')).toHaveLength(1);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const write = (sql: string): Promise<void> => unitOfWork.run(() => unitOfWork.write(`${sql} WHERE number = ?`, [message['number']]));
    const [row] = await rows<{ organization_id: string }>(cluster.a, 'SELECT organization_id FROM message_search WHERE number = ?', [message['number']]);
    await write(`UPDATE message_search SET body = '${indexedText(row!.organization_id, 'a staircase')}'`);
    expect([await found('ladder'), await found('staircase')]).toEqual([[], ['a ladder']]);
    await write('DELETE FROM message_search');
    expect(await found('staircase')).toEqual([]);
  });

  it('answers the most relevant first, then the newest, page by page, whatever is sent meanwhile', async () => {
    const texts = ['lamp', 'lamp lamp lamp', 'a lamp, please', `green lamp ${'and more '.repeat(60)}`, 'lamp that is green', 'the green lamp'];
    for (const text of texts) await say(text);
    const ranked = await found('green lamp');
    expect(ranked).toEqual(['the green lamp', texts[3], 'lamp that is green']);
    expect((await found('lamp'))[0]).toBe('lamp lamp lamp');

    const all = (await api.get('/messages?q=lamp&limit=100')).body;
    expect(all.data).toHaveLength(6);
    const walked: Resource[] = [];
    let cursor = '';
    do {
      const { body } = await api.get(`/messages?q=lamp&limit=2&include_total=true${cursor}`);
      expect(body.total).toBe(6);
      walked.push(...body.data);
      cursor = body.has_more ? `&cursor=${body.next_cursor}` : '';
      if (walked.length === 2) await say('lamp lamp lamp lamp');
    } while (cursor !== '');
    expect(walked).toEqual(all.data);
    expect(await found('lamp', { query: '&limit=1' })).toEqual(['lamp lamp lamp lamp']);
  });

  it('sorts as every list does when it is asked to, without an end', async () => {
    const { api: own } = await anOrganization(cluster.a);
    const talk = await aConversation(own);
    for (let index = 0; index < 7; index++) await created(own.post('/messages', { conversation_id: talk.id, sender: { type: 'visitor' }, type: 'text', content: `number ${index}` }));
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await own.get(`/messages?q=number&sort=created_at&limit=3&include_total=true${cursor}`);
      expect(body.total).toBe(7);
      seen.push(...body.data.map(({ content }: Resource) => content));
      cursor = body.has_more ? `&cursor=${body.next_cursor}` : '';
    } while (cursor !== '');
    expect(seen).toEqual(Array.from({ length: 7 }, (_, index) => `number ${index}`));
  });

  it('finds what its caller may see, and nothing of others', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'away' });
    const bootstrap = cluster.a.api;
    const [own, foreign] = [await aConversation(bootstrap, { agent_id: agent.id, channel: 'web' }), await aConversation(bootstrap, { department: 'elsewhere', channel: 'app' })];
    await aMessage(bootstrap, own, { content: 'pineapple one' });
    await aMessage(bootstrap, foreign, { content: 'pineapple two' });
    await say('pineapple three');
    const { as: confined } = await anApplication(cluster.a, { data_scope: { departments: [], channels: ['app'], agent_ids: [] } });
    expect(await found('pineapple', { as })).toEqual(['pineapple one']);
    expect(await found('pineapple', { as: confined })).toEqual(['pineapple two']);
    expect(await found('pineapple', { as: bootstrap })).toEqual(['pineapple two', 'pineapple one']);
    expect(await found('pineapple')).toEqual(['pineapple three']);
  });

  it('refuses what has no word in it, and foreign cursors', async () => {
    const { body: sorted } = await api.get('/messages?limit=1');
    const { body: ranked } = await api.get('/messages?q=lamp&limit=1');
    const cases: [string, string][] = [
      ['q=', 'q'], [`q=${inUrl('👍')}`, 'q'], ['q=*', 'q'], [`q=${'x'.repeat(201)}`, 'q'], ['q=lamp&cursor=x', 'cursor'],
      [`q=lamp&cursor=${sorted.next_cursor}`, 'cursor'], [`q=lamp&sort=created_at&cursor=${ranked.next_cursor}`, 'cursor'], ['q=lamp&sort=colour', 'sort'],
    ];
    for (const [query, field] of cases) {
      const answer = await api.get(`/messages?${query}`);
      expect([query, answer.status, answer.body.errors?.[0]?.field]).toEqual([query, 422, field]);
    }
  });
});
