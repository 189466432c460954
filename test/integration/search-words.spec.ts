import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { renewWords } from '../../src/app/rebuild-search.js';
import { MessageWords } from '../../src/modules/messages/search/message-words.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Projections } from '../../src/platform/outbox/projections.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

describe('the words of a search', () => {
  let cluster: Cluster;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
    ({ api, organization } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  const write = (sql: string, parameters: unknown[] = []): Promise<void> => {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    return unitOfWork.run(() => unitOfWork.write(sql, parameters));
  };
  const found = async (q: string): Promise<[messages: number, conversations: number]> => {
    const [messages, conversations] = [await api.get(`/messages?q=${q}`), await api.get(`/conversations?q=${q}`)];
    return [messages.body.data.length, conversations.body.data.length];
  };
  const words = async (): Promise<object[]> => [
    ...(await rows(cluster.a, 'SELECT number, conversation_id, body FROM message_search ORDER BY number')),
    ...(await rows(cluster.a, 'SELECT conversation_id, body FROM conversation_search ORDER BY conversation_id')),
  ];

  it('are made anew, right ones are left, wrong ones and those of nothing go', async () => {
    const conversation = await aConversation(api, { subject: 'a violin' });
    const messages: Resource[] = [];
    for (const content of ['one violin', 'two violins', 'three violins', 'a cello']) messages.push(await aMessage(api, conversation, { content }));
    expect(await found('violin*')).toEqual([3, 1]);
    const before = await words();
    await write('DELETE FROM message_search WHERE number = ?', [messages[0]!['number']]);
    await write("UPDATE message_search SET body = 'wrong' WHERE number = ?", [messages[1]!['number']]);
    await write("INSERT INTO message_search (number, organization_id, conversation_id, body) VALUES (900000, ?, ?, 'nothing')", [organization.id, conversation.id]);
    await write('DELETE FROM conversation_search');
    const told: Record<string, [number, number]> = {};
    await renewWords(cluster.a.app, (what, done, total) => (told[what] = [done, total]));
    expect(await words()).toEqual(before);
    expect(Object.values(told).every(([done, total]) => done === total)).toBe(true);
    expect(await found('violin*')).toEqual([3, 1]);
  });

  it('are made anew on several instances while messages come and change', async () => {
    const conversation = await aConversation(api, { subject: 'a trumpet' });
    const messages = await Promise.all(Array.from({ length: 20 }, () => aMessage(api, conversation, { content: 'a trumpet' })));
    await write('DELETE FROM message_search');
    await Promise.all([
      renewWords(cluster.a.app, () => undefined),
      renewWords(cluster.b.app, () => undefined),
      cluster.b.app.get(Projections).catchUp('message_search', organization.id),
      ...messages.map((message, index) => (index % 2 === 0 ? api.put(`/messages/${message.id}`, { content: 'a drum' }) : aMessage(api, conversation, { content: 'a trumpet' }))),
    ]);
    expect([await found('trumpet'), await found('drum')]).toEqual([[20, 1], [10, 1]]);
    const doubled = await rows(cluster.a, 'SELECT number FROM message_search GROUP BY number HAVING COUNT(*) > 1');
    expect(doubled).toEqual([]);
  });

  // On SQLite nobody writes while another one does.
  it.runIf(HAS_SERVERS)('of a message that comes while they are made anew stay', async () => {
    const conversation = await aConversation(api);
    const before = await aMessage(api, conversation, { content: 'a tuba' });
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const query = unitOfWork.query.bind(unitOfWork);
    let message: Resource | undefined;
    const reading = vi.spyOn(unitOfWork, 'query').mockImplementation(async (sql: string, parameters?: unknown[]) => {
      const found = await query(sql, parameters);
      if (message !== undefined || !sql.startsWith('SELECT number FROM messages')) return found as never[];
      message = await aMessage(cluster.b.as(api.headers), conversation, { content: 'a harp' });
      expect((await cluster.b.as(api.headers).get('/messages?q=harp')).body.data).toHaveLength(1);
      return found as never[];
    });
    expect(await cluster.a.app.get(MessageWords).renewAfter(before['number'], 100)).toBeNull();
    reading.mockRestore();
    expect((await api.get('/messages?q=harp')).body.data).toMatchObject([{ id: message!.id }]);
  });

  it('of a visitor go when it is deleted, and do not come back', async () => {
    const conversation = await aConversation(api, { subject: 'a flute' });
    const other = await aConversation(api, { subject: 'a flute' });
    for (const talk of [conversation, conversation, other]) await aMessage(api, talk, { content: 'a flute' });
    expect(await found('flute')).toEqual([3, 2]);
    const unread = await aMessage(api, conversation, { content: 'a flute, not read of the log yet' });
    expect((await api.delete(`/visitors/${conversation['visitor_id']}`)).status).toBe(204);
    await cluster.settle();
    const left = async (): Promise<unknown[]> => [
      ...(await rows(cluster.a, 'SELECT number FROM message_search WHERE conversation_id = ? OR number = ?', [conversation.id, unread['number']])),
      ...(await rows(cluster.a, 'SELECT number FROM conversation_search WHERE conversation_id = ?', [conversation.id])),
    ];
    expect([await left(), await found('flute')]).toEqual([[], [1, 1]]);
    await renewWords(cluster.a.app, () => undefined);
    expect([await left(), await found('flute')]).toEqual([[], [1, 1]]);
  });
});
