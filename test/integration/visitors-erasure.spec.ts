import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EraseVisitors } from '../../src/modules/visitors/erasure/erase-visitors.js';
import { HoldingRegistry } from '../../src/modules/visitors/visitor-holdings.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aMessage, anEndpoint, created, deliveriesOf, deliveryOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';

describe('the erasing of what is stored about a visitor', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const erased = async (visitor: Resource, caller = api): Promise<Record<string, number> | undefined> =>
    (await caller.get(`/audit-logs?target_id=${visitor.id}&action=visitor.erased`)).body.data[0]?.details.erased;

  async function aTalk(caller = api): Promise<{ visitor: Resource; conversation: Resource; message: Resource }> {
    const visitor = await created(caller.post('/visitors', { name: 'Ada' }));
    const conversation = await created(caller.post('/conversations', { visitor_id: visitor.id }));
    return { visitor, conversation, message: await aMessage(caller, conversation, { content: 'I am Ada' }) };
  }

  const contentOf = async (message: Resource, caller = api): Promise<unknown> => (await caller.get(`/messages/${message.id}`)).body.content;

  it('goes on through more than one step takes', { timeout: 120_000 }, async () => {
    const { visitor, conversation } = await aTalk();
    for (let batch = 0; batch < 3; batch++) {
      const messages = Array.from({ length: 500 }, (_, index) => ({ conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: `words of Ada ${index}` }));
      expect((await api.post('/messages/batch', { messages })).status).toBe(200);
    }
    expect((await api.delete(`/visitors/${visitor.id}`)).status).toBe(204);
    await cluster.settle();
    expect(await erased(visitor)).toMatchObject({ messages: 1501, conversations: 0, tracks: 0 });
    expect((await erased(visitor))!['events']).toBeGreaterThanOrEqual(1503);
    const { data } = (await api.get(`/conversations/${conversation.id}/messages?limit=100`)).body;
    expect(new Set(data.map(({ content }: Resource) => content))).toEqual(new Set([null]));
    expect((await api.get(`/conversations/${conversation.id}`)).body).toMatchObject({ message_count: 1501 });
  });

  it('is gone on with by another worker where one failed, and counts nothing twice', async () => {
    let failing = true;
    for (const instance of new Set([cluster.a, cluster.b])) {
      instance.app.get(HoldingRegistry).register({
        name: 'failing', move: async () => undefined,
        erase: async () => {
          if (failing) throw new Error('The power went out.');
          return 0;
        },
      });
    }
    const { visitor, message } = await aTalk();
    expect((await api.delete(`/visitors/${visitor.id}`)).status).toBe(204);
    await cluster.settle();
    expect(await erased(visitor)).toBeUndefined();
    expect(await contentOf(message)).toBeNull();
    failing = false;
    await cluster.b.app.get(EraseVisitors).wakeAll();
    await cluster.settle();
    expect(await erased(visitor)).toMatchObject({ messages: 1, failing: 0 });
    await cluster.a.app.get(EraseVisitors).wakeAll();
    await cluster.settle();
    expect((await api.get(`/audit-logs?target_id=${visitor.id}`)).body.data).toHaveLength(2);
  });

  it('begins with a worker, whenever there is one', async () => {
    const database = await anEmptyDatabase();
    const server = await startTestApp({ database, env: { ROLES: 'api' } });
    const { visitor, conversation, message } = await aTalk(server.api);
    expect((await server.api.delete(`/visitors/${visitor.id}`)).status).toBe(204);
    expect((await server.api.get(`/visitors/${visitor.id}`)).status).toBe(404);
    expect(await contentOf(message, server.api)).toBe('I am Ada');
    // What is still to be erased is copied nowhere.
    const ticket = await created(server.api.post('/tickets', { title: 'Call back' }));
    for (const answer of [await server.api.post('/tickets', { title: 'Call back', conversation_id: conversation.id }), await server.api.put(`/tickets/${ticket.id}`, { conversation_id: conversation.id })]) {
      expect(answer.body).toMatchObject({ status: 409, code: 'conversation.erased' });
    }
    await server.close();
    const worker = await startTestApp({ database });
    await worker.app.get(EraseVisitors).wakeAll();
    await worker.settle();
    expect(await contentOf(message, worker.api)).toBeNull();
    expect(await erased(visitor, worker.api)).toMatchObject({ messages: 1 });
    await worker.close();
    await database.drop();
  });

  it('keeps no answer to what was on its way', async () => {
    let answer: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      receiver.on('request', (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
          answer = () => response.writeHead(500, { 'x-said': 'Ada' }).end(Buffer.concat(chunks));
          resolve();
        });
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const endpoint = await anEndpoint(api, url, { events: ['message.received'], retry: { schedule_seconds: [0] } });
    const { visitor } = await aTalk();
    await arrived;
    expect((await api.delete(`/visitors/${visitor.id}`)).status).toBe(204);
    await expect.poll(() => erased(visitor), { timeout: 20_000 }).toBeDefined();
    answer();
    await cluster.settle();
    const [delivery] = await deliveriesOf(api, endpoint);
    expect(await deliveryOf(api, endpoint, delivery!.id)).toMatchObject({ status: 'exhausted', attempts: [{ status: 500, response_body: null, response_headers: null }] });
    receiver.close();
  });

  const receiver = createServer();
});
