import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aMessage, anOrganization, created, during, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import { openSocket } from '../support/open-socket.js';
import type { Caller } from '../support/start-test-app.js';

const NOBODY = 'vis_00000000000000000000000000';

describe('merging visitors', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterEach(async () => {
    await expectConsistent(cluster.a);
  });

  afterAll(() => cluster.close());

  const aVisitor = (over: object = {}): Promise<Resource> => created(api.post('/visitors', { external_id: unique('visitor'), ...over }));
  const merge = (visitor: Resource, other: Resource, caller = api) => caller.post(`/visitors/${visitor.id}/merge`, { visitor_id: other.id });
  const get = async (path: string): Promise<Resource> => (await api.get(path)).body;
  const conversationOf = (visitor: Resource): Promise<Resource> => created(api.post('/conversations', { visitor_id: visitor.id }));
  const conversationsOf = async (visitor: Resource): Promise<string[]> => (await api.get(`/conversations?limit=100&visitor_id=${visitor.id}`)).body.data.map(({ id }: Resource) => id).sort();

  it('gives all to the one that stays, and lets the old id find it', async () => {
    const ada = await aVisitor({ name: 'Ada', tags: ['vip'], metadata: { plan: 'gold' } });
    const guest = await aVisitor({ name: 'Guest', email: 'ada@example.com', mobile: '13800138000', tags: ['new'], metadata: { plan: 'free', age: 36 } });
    const [own, taken] = [await conversationOf(ada), await conversationOf(guest)];
    const message = await aMessage(api, taken, { sender: { type: 'visitor', id: guest.id } });
    const track = await created(api.post(`/visitors/${guest.id}/tracks`, { url: 'https://shop.example.com/' }));
    const ticket = await created(api.post('/tickets', { title: 'Refund', conversation_id: taken.id }));

    const { answer, events } = await during(api, () => merge(ada, guest));
    expect(answer).toMatchObject({
      status: 200, body: { id: ada.id, external_id: ada['external_id'], name: 'Ada', email: 'ada@example.com', mobile: '13800138000', tags: ['vip', 'new'], metadata: { plan: 'gold', age: 36 } },
    });
    expect(answer.headers.get('etag')).toBe((await api.get(`/visitors/${ada.id}`)).headers.get('etag'));
    expect(events.map(({ event }) => event)).toEqual(['visitor.merged', 'visitor.updated']);
    expect(events[0]!.data).toEqual({ visitor_id: ada.id, merged_visitor_id: guest.id, merged_visitor: expect.objectContaining({ id: guest.id, name: 'Guest' }), visitor: answer.body });
    expect(events[1]!.data).toMatchObject({ visitor_id: ada.id, changed: ['email', 'mobile', 'tags', 'metadata'] });

    expect(await get(`/visitors/${guest.id}`)).toEqual(answer.body);
    for (const external_id of [ada['external_id'], guest['external_id']]) {
      expect((await api.get(`/visitors?external_id=${external_id}`)).body.data).toEqual([answer.body]);
    }
    expect((await api.get('/visitors?q=guest')).body.data.map(({ id }: Resource) => id)).not.toContain(guest.id);
    expect(await conversationsOf(ada)).toEqual([own.id, taken.id].sort());
    expect(await conversationsOf(guest)).toEqual([own.id, taken.id].sort());
    expect(await get(`/messages/${message.id}`)).toMatchObject({ sender: { type: 'visitor', id: ada.id } });
    for (const { id } of [ada, guest]) expect((await api.get(`/messages?sender_id=${id}`)).body.data).toMatchObject([{ id: message.id }]);
    expect((await api.get(`/visitors/${guest.id}/tracks`)).body.data).toEqual([{ ...track, visitor_id: ada.id }]);
    expect(await get(`/tickets/${ticket.id}`)).toMatchObject({ visitor_id: ada.id });
    expect(await get(`/audit-logs?target_id=${ada.id}`)).toMatchObject({ data: [{ action: 'visitor.merged', details: { merged_visitor_id: guest.id }, actor_kind: 'api_key' }] });
  });

  it('leaves the old id good for all that is done with a visitor', async () => {
    const [ada, guest] = [await aVisitor(), await aVisitor()];
    expect((await merge(ada, guest)).status).toBe(200);
    const conversation = await conversationOf(guest);
    expect(conversation).toMatchObject({ visitor_id: ada.id });
    expect(await created(api.post('/conversations', { visitor: { external_id: guest['external_id'], name: 'Ada' } }))).toMatchObject({ visitor_id: ada.id });
    expect(await get(`/visitors/${ada.id}`)).toMatchObject({ name: 'Ada', external_id: ada['external_id'] });
    expect(await aMessage(api, conversation, { sender: { type: 'visitor', id: guest.id } })).toMatchObject({ sender: { type: 'visitor', id: ada.id } });
    expect((await api.put(`/visitors/${guest.id}`, { mobile: '1' })).body).toMatchObject({ id: ada.id, mobile: '1' });
    expect((await api.post(`/visitors/${guest.id}/token`)).body).toMatchObject({ visitor_id: ada.id });
    expect(await created(api.post(`/visitors/${guest.id}/tracks`, { url: 'https://a.example/' }))).toMatchObject({ visitor_id: ada.id });
    expect((await api.post('/visitors', { external_id: guest['external_id'] })).body.code).toBe('visitor.external_id_taken');
  });

  it('takes over the external id where there was none', async () => {
    const [nameless, known] = [await aVisitor({ external_id: null }), await aVisitor()];
    expect((await merge(nameless, known)).body).toMatchObject({ id: nameless.id, external_id: known['external_id'] });
  });

  it('lets the one that stays have the external id of the other, and finds it by both', async () => {
    const [guest, ada, other] = [await aVisitor(), await aVisitor(), await aVisitor()];
    expect((await merge(guest, ada)).status).toBe(200);
    expect((await api.put(`/visitors/${other.id}`, { external_id: ada['external_id'] })).body.code).toBe('visitor.external_id_taken');
    expect((await api.put(`/visitors/${guest.id}`, { external_id: other['external_id'] })).body.code).toBe('visitor.external_id_taken');
    const { answer, events } = await during(api, () => api.put(`/visitors/${guest.id}`, { external_id: ada['external_id'] }));
    expect(answer).toMatchObject({ status: 200, body: { id: guest.id, external_id: ada['external_id'] } });
    expect(events).toMatchObject([{ event: 'visitor.updated', data: { changed: ['external_id'] } }]);
    for (const external_id of [ada['external_id'], guest['external_id']]) {
      expect((await api.get(`/visitors?external_id=${external_id}`)).body.data).toEqual([answer.body]);
    }
  });

  it('follows chains', async () => {
    const [a, b, c, d] = [await aVisitor({ name: 'A' }), await aVisitor(), await aVisitor(), await aVisitor()];
    const conversation = await conversationOf(d);
    for (const [stays, goes] of [[c, d], [b, c], [a, b]] as const) expect((await merge(stays, goes)).status).toBe(200);
    for (const each of [a, b, c, d]) expect(await get(`/visitors/${each.id}`)).toMatchObject({ id: a.id, name: 'A' });
    expect(await get(`/conversations/${conversation.id}`)).toMatchObject({ visitor_id: a.id });
    expect((await api.get(`/visitors?external_id=${d['external_id']}`)).body.data).toMatchObject([{ id: a.id }]);
  });

  it('is refused where it makes no sense, and then changes nothing', async () => {
    const [ada, guest, other] = [await aVisitor(), await aVisitor(), await aVisitor()];
    expect((await merge(ada, guest)).status).toBe(200);
    const { events } = await during(api, async () => {
      expect((await merge(ada, ada)).body).toMatchObject({ status: 409, code: 'visitor.merged_into_itself' });
      expect((await merge(guest, ada)).body).toMatchObject({ status: 409, code: 'visitor.merged_into_itself' });
      expect((await merge(ada, guest)).body).toMatchObject({ status: 409, code: 'visitor.already_merged', merged_into: ada.id });
      expect((await merge(other, guest)).body).toMatchObject({ status: 409, code: 'visitor.already_merged', merged_into: ada.id });
      expect((await api.post(`/visitors/${NOBODY}/merge`, { visitor_id: ada.id })).body).toMatchObject({ status: 404, code: 'visitor.not_found' });
      expect((await api.post(`/visitors/${ada.id}/merge`, { visitor_id: NOBODY })).body).toMatchObject({ status: 422, errors: [{ field: 'visitor_id', code: 'visitor.not_found' }] });
      const { api: theirs } = await anOrganization(cluster.a);
      expect((await merge(ada, other, theirs)).status).toBe(404);
      const foreign = await created(theirs.post('/visitors', {}));
      expect((await merge(ada, foreign)).status).toBe(422);
    });
    expect(events).toEqual([]);
    expect(await get(`/visitors/${other.id}`)).toMatchObject({ id: other.id });
  });

  it('moves open sockets: the one that stays is online, and they are told of all its conversations', async () => {
    const [ada, guest] = [await aVisitor(), await aVisitor()];
    const conversation = await conversationOf(ada);
    const { token } = (await api.post(`/visitors/${guest.id}/token`)).body;
    const socket = await openSocket(cluster.b.url, token);
    const { events } = await during(api, () => merge(ada, guest));
    expect(events.map(({ event }) => event)).toEqual(['visitor.merged', 'visitor.online']);
    expect(await get(`/visitors/${ada.id}`)).toMatchObject({ online: true });
    // The word of the merge travels between instances.
    await expect.poll(async () => (await socket.request('message.send', { conversation_id: conversation.id, type: 'text', content: 'hi' })).ok).toBe(true);
    await aMessage(api, conversation, { sender: { type: 'bot', id: 'faq' }, content: 'hello' });
    await socket.waitFor(({ envelope: { data } }) => data['content'] === 'hello', 5000);
    socket.close();
    await expect.poll(async () => (await get(`/visitors/${ada.id}`))['online']).toBe(false);
  });

  it('is done once by many who do it at once, in both directions', async () => {
    for (let round = 0; round < 3; round++) {
      const [a, b] = [await aVisitor(), await aVisitor()];
      const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? merge(a, b, cluster.each(index).api) : merge(b, a, cluster.each(index).api))));
      expect(tally(answers)).toEqual({ 200: 1, 409: 7 });
      const [one, other] = [await get(`/visitors/${a.id}`), await get(`/visitors/${b.id}`)];
      expect(one.id).toBe(other.id);
    }
  });

  it('loses no conversation that begins meanwhile, and ends in one visitor however many are merged at once', async () => {
    const visitors = await Promise.all(Array.from({ length: 6 }, () => aVisitor()));
    const [first, ...others] = visitors as [Resource, ...Resource[]];
    const [merged, begun] = await Promise.all([
      Promise.all(others.map((other, index) => merge(visitors[index]!, other, cluster.each(index).api))),
      Promise.all(Array.from({ length: 30 }, (_, index) => cluster.each(index).api.post('/conversations', { visitor_id: visitors[index % 6]!.id }))),
    ]);
    expect(tally(merged)).toEqual({ 200: 5 });
    expect(tally(begun)).toEqual({ 201: 30 });
    for (const each of visitors) expect(await get(`/visitors/${each.id}`)).toMatchObject({ id: first.id });
    expect(await conversationsOf(first)).toEqual(begun.map(({ body }) => body.id).sort());
  });

  it.runIf(HAS_SERVERS)('takes along the tickets that are made of its conversations meanwhile, and they are erased with the one that stays', async () => {
    for (let round = 0; round < 3; round++) {
      const [ada, guest] = [await aVisitor(), await aVisitor()];
      const conversation = await conversationOf(guest);
      const free = await created(api.post('/tickets', { title: 'Refund' }));
      const fields = { content: 'my number is 4711', conversation_id: conversation.id };
      const [merged, given, ...made] = await Promise.all([
        merge(ada, guest),
        cluster.b.api.put(`/tickets/${free.id}`, fields),
        ...Array.from({ length: 12 }, (_, index) => delay(index).then(() => cluster.b.api.post('/tickets', { title: 'Refund', ...fields }))),
      ]);
      expect(tally([merged, given, ...made])).toEqual({ 200: 2, 201: 12 });
      const ofAll = (field: string): Promise<unknown[]> => Promise.all([given, ...made].map(async ({ body }) => (await get(`/tickets/${body.id}`))[field]));
      expect(new Set(await ofAll('visitor_id'))).toEqual(new Set([ada.id]));
      expect((await api.delete(`/visitors/${ada.id}`)).status).toBe(204);
      await cluster.settle();
      expect(new Set(await ofAll('content'))).toEqual(new Set([null]));
    }
  });
});
