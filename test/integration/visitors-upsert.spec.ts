import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anOrganization, created, during, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

describe('visitors', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const visitorsOf = async (externalId: string): Promise<Resource[]> => (await api.get(`/visitors?external_id=${externalId}`)).body.data;

  it('are created once however many conversations bring them at once', async () => {
    const external_id = unique('customer');
    const { answer: answers, events } = await during(api, () =>
      Promise.all(Array.from({ length: 32 }, (_, index) => cluster.each(index).api.post('/conversations', { visitor: { external_id, name: 'Ada' } }))),
    );
    expect(tally(answers)).toEqual({ 201: 32 });
    const [visitor, ...others] = await visitorsOf(external_id);
    expect(others).toEqual([]);
    expect(visitor).toMatchObject({ external_id, name: 'Ada' });
    expect(new Set(answers.map(({ body }) => body.visitor_id))).toEqual(new Set([visitor!.id]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(32);
    expect(events.filter(({ event }) => event.startsWith('visitor.'))).toEqual([expect.objectContaining({ event: 'visitor.created' })]);
    expect(events.filter(({ event }) => event === 'conversation.created')).toHaveLength(32);
  });

  it('are one also when they are created and brought along at the same time', async () => {
    for (let round = 0; round < 4; round++) {
      const external_id = unique('customer');
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => {
          const { api: caller } = cluster.each(index);
          return index % 4 < 2 ? caller.post('/visitors', { external_id }) : caller.post('/conversations', { visitor: { external_id } });
        }),
      );
      for (const { status } of answers) expect([201, 409]).toContain(status);
      expect(await visitorsOf(external_id)).toHaveLength(1);
      expect(answers.filter(({ status, body }) => status === 201 && body.visitor_id !== undefined)).toHaveLength(4);
    }
  });

  it('brought along are brought up to date, with an event only when something changed', async () => {
    const external_id = unique('customer');
    const bring = (visitor: object) => during(api, () => api.post('/conversations', { visitor: { external_id, ...visitor } }));
    const namesOf = ({ events }: { events: { event: string }[] }) => events.map(({ event }) => event).filter((event) => event.startsWith('visitor.'));

    const first = await bring({ name: 'Ada', tags: ['vip'], metadata: { plan: 'gold' } });
    expect(namesOf(first)).toEqual(['visitor.created']);
    expect(namesOf(await bring({}))).toEqual([]);
    expect(namesOf(await bring({ name: 'Ada', tags: ['vip'], metadata: { plan: 'gold' } }))).toEqual([]);
    const second = await bring({ name: 'Ada L.', email: 'ada@example.com' });
    expect(namesOf(second)).toEqual(['visitor.updated']);
    expect(second.events.find(({ event }) => event === 'visitor.updated')!.data).toMatchObject({
      visitor_id: first.answer.body.visitor_id, changed: ['name', 'email'], visitor: { name: 'Ada L.', email: 'ada@example.com', tags: ['vip'] },
    });
    expect((await visitorsOf(external_id))[0]).toMatchObject({ name: 'Ada L.', email: 'ada@example.com', tags: ['vip'], metadata: { plan: 'gold' } });
  });

  it('without an external id are new each time', async () => {
    const [one, two] = await Promise.all([0, 1].map(() => created(api.post('/conversations', { visitor: { name: 'Guest' } }))));
    expect(one!['visitor_id']).not.toBe(two!['visitor_id']);
  });

  it('are taken back when the conversation that brought them cannot be made', async () => {
    const external_id = unique('customer');
    const { answer, events } = await during(api, () => api.post('/conversations', { visitor: { external_id }, agent_id: 'agt_00000000000000000000000000' }));
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'agent_id', code: 'agent.not_found' }] } });
    expect(await visitorsOf(external_id)).toEqual([]);
    expect(events).toEqual([]);
  });

  it('are named either by id or inline', async () => {
    const visitor = await created(api.post('/visitors', { external_id: unique('customer') }));
    expect(await created(api.post('/conversations', { visitor_id: visitor.id }))).toMatchObject({ visitor_id: visitor.id });
    for (const body of [{}, { visitor_id: visitor.id, visitor: { external_id: 'x' } }, { visitor_id: 'vis_00000000000000000000000000' }, { visitor: null }, { visitor: { external_id: '' } }]) {
      expect((await api.post('/conversations', body)).status).toBe(422);
    }
    const { api: theirs } = await anOrganization(cluster.a);
    expect((await theirs.post('/conversations', { visitor_id: visitor.id })).body.errors).toEqual([expect.objectContaining({ field: 'visitor_id', code: 'visitor.not_found' })]);
  });

  it('change by PUT, and null clears', async () => {
    const visitor = await created(api.post('/visitors', { name: 'Ada', language: 'en', push_info: 'p'.repeat(255) }));
    const path = `/visitors/${visitor.id}`;
    const change = await during(api, () => api.put(path, { name: null, language: 'zh-CN' }));
    expect(change.answer).toMatchObject({ status: 200, body: { name: null, language: 'zh-CN', push_info: 'p'.repeat(255) } });
    expect(change.events).toEqual([expect.objectContaining({ event: 'visitor.updated', data: expect.objectContaining({ changed: ['name', 'language'] }) })]);
    const nothing = await during(api, () => api.put(path, { name: null, language: 'zh-CN' }));
    expect(nothing).toMatchObject({ answer: { status: 200, body: change.answer.body }, events: [] });
    const tooLong = await during(api, () => api.put(path, { push_info: 'p'.repeat(256), tags: 'vip', online: true }));
    expect(tooLong.answer.status).toBe(422);
    expect(new Set(tooLong.answer.body.errors.map(({ field }: any) => field))).toEqual(new Set(['push_info', 'tags', 'online']));
    expect(tooLong.events).toEqual([]);
  });

  it('have external ids that are unique in their organization, compared byte by byte', async () => {
    const external_id = unique('Customer');
    const visitor = await created(api.post('/visitors', { external_id }));
    expect((await api.post('/visitors', { external_id })).body.code).toBe('visitor.external_id_taken');
    for (const other of [external_id.toLowerCase(), `${external_id} `, `${external_id}é`, `${external_id}e\u0301`]) {
      expect((await created(api.post('/visitors', { external_id: other })))['external_id']).toBe(other);
    }
    const another = await created(api.post('/visitors', {}));
    expect((await api.put(`/visitors/${another.id}`, { external_id })).body).toMatchObject({ status: 409, code: 'visitor.external_id_taken' });
    expect((await api.put(`/visitors/${visitor.id}`, { external_id })).status).toBe(200);
    const { api: theirs } = await anOrganization(cluster.a);
    expect((await theirs.post('/visitors', { external_id })).status).toBe(201);
    expect((await theirs.get(`/visitors/${visitor.id}`)).body.code).toBe('visitor.not_found');
    expect((await theirs.put(`/visitors/${visitor.id}`, { name: 'x' })).body.code).toBe('visitor.not_found');
  });

  it('keep both of two concurrent changes', async () => {
    const visitor = await created(api.post('/visitors', {}));
    const fields = ['name', 'mobile', 'customer_id', 'my_data', 'visitor_type', 'push_info'];
    const answers = await Promise.all(fields.map((field, index) => cluster.each(index).api.put(`/visitors/${visitor.id}`, { [field]: field })));
    expect(tally(answers)).toEqual({ 200: fields.length });
    expect((await api.get(`/visitors/${visitor.id}`)).body).toMatchObject(Object.fromEntries(fields.map((field) => [field, field])));
  });
});
