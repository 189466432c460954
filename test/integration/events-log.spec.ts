import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/kernel/domain-event.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anOrganization, created, eventsAfter } from '../support/desk.js';
import type { LoggedEvent, Resource } from '../support/desk.js';
import { expectPositionsWithoutHoles } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

describe('GET /events', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  const on = (index: number): Caller => cluster.each(index).as(api.headers);
  const page = async (query: string, caller = api): Promise<{ data: LoggedEvent[]; next_cursor: string | null; has_more: boolean; total?: number }> => {
    const { status, body, text } = await caller.get(`/events?${query}`);
    expect(`${status} ${status === 200 ? '' : text}`).toBe('200 ');
    return body;
  };
  const someVisitors = async (count: number): Promise<Resource[]> => {
    const made: Resource[] = [];
    for (let index = 0; index < count; index++) made.push(await created(api.post('/visitors', {})));
    return made;
  };
  const idsOf = (events: LoggedEvent[]): unknown[] => events.map(({ data }) => data['visitor_id']);

  it('answers whole events in the order of their positions, 1, 2, 3 …', async () => {
    const visitors = await someVisitors(3);
    const { data, has_more, total } = await page('include_total=true');
    expect(data).toEqual(visitors.map((visitor, index) => ({
      id: expect.stringMatching(/^evt_[0-9a-z]{26}$/), event: 'visitor.created', timestamp: Math.floor(Date.parse(visitor['created_at']) / 1000),
      data: { visitor_id: visitor.id, visitor }, position: index + 1,
    })));
    expect({ has_more, total }).toEqual({ has_more: false, total: 3 });
    expect((await api.get(`/events/${data[1]!.id}`)).body).toEqual(data[1]);
  });

  it('shows at once what its caller wrote, on every instance', async () => {
    for (let round = 0; round < 10; round++) {
      const visitor = await created(on(round).post('/visitors', {}));
      const { data } = await page('sort=-position&limit=1', on(round + 1));
      expect(data[0]!.data['visitor_id']).toBe(visitor.id);
      expect((await on(round).get(`/events/${data[0]!.id}`)).status).toBe(200);
    }
  });

  it('goes on from a cursor page by page, from the end of the log too, and from an empty log', async () => {
    let { data, next_cursor } = await page('limit=2');
    expect(data).toEqual([]);
    expect(next_cursor).not.toBeNull();
    const visitors = await someVisitors(5);
    const seen: unknown[] = [];
    const sizes: number[] = [];
    let more = true;
    while (more) {
      ({ data, next_cursor, has_more: more } = await page(`limit=2&cursor=${next_cursor}`));
      seen.push(...idsOf(data));
      sizes.push(data.length);
    }
    expect(sizes).toEqual([2, 2, 1]);
    expect(seen).toEqual(visitors.map(({ id }) => id));
    for (let round = 0; round < 3; round++) {
      const atEnd = await page(`cursor=${next_cursor}`);
      expect(atEnd).toMatchObject({ data: [], has_more: false, next_cursor: expect.any(String) });
      const [visitor] = await someVisitors(1);
      ({ data, next_cursor } = await page(`cursor=${atEnd.next_cursor}`));
      expect(idsOf(data)).toEqual([visitor!.id]);
    }
  });

  it('is read backwards with an end', async () => {
    const visitors = await someVisitors(5);
    const first = await page('sort=-position&limit=3');
    const second = await page(`sort=-position&limit=3&cursor=${first.next_cursor}`);
    expect(idsOf([...first.data, ...second.data])).toEqual(visitors.map(({ id }) => id).toReversed());
    expect(second).toMatchObject({ has_more: false, next_cursor: null });
    expect((await api.get(`/events?sort=position&cursor=${first.next_cursor}`)).status).toBe(422);
  });

  it('is filtered by name and time, with a cursor that goes on', async () => {
    const [visitor] = await someVisitors(1);
    clock.advance(10_000);
    const since = new Date(clock.now()).toISOString();
    await api.put(`/visitors/${visitor!.id}`, { name: 'Ada' });
    await someVisitors(1);
    const names = async (query: string): Promise<string[]> => (await page(query)).data.map(({ event }) => event);
    expect(await names('event=visitor.created')).toEqual(['visitor.created', 'visitor.created']);
    expect(await names('event=visitor.updated')).toEqual(['visitor.updated']);
    expect(await names('event=message.sent')).toEqual([]);
    for (const every of ['visitor.*', '*']) expect(await names(`event=${every}`)).toEqual(['visitor.created', 'visitor.updated', 'visitor.created']);
    expect(await names('event=message.*')).toEqual([]);
    expect(await names(`since=${since}`)).toEqual(['visitor.updated', 'visitor.created']);
    expect(await names(`since=${since}&event=visitor.created`)).toEqual(['visitor.created']);
    expect(await names('since=2999-01-01T00:00:00Z')).toEqual([]);
    const end = await page('event=visitor.updated');
    await api.put(`/visitors/${visitor!.id}`, { name: 'Ada L.' });
    expect((await page(`event=visitor.updated&cursor=${end.next_cursor}`)).data).toHaveLength(1);
    for (const query of ['since=yesterday', 'since=1', 'limit=0', 'limit=101', 'sort=event', 'cursor=x', 'position=1', ...['visit.*', 'VISITOR.*', '%.*', '.*', '', 'visitor', 'visitor.lost', 'visitor.*,ticket.*', 'x'.repeat(65)].map((event) => `event=${encodeURIComponent(event)}`)]) {
      expect((await api.get(`/events?${query}`)).status).toBe(422);
    }
  });

  it('has with ?since= all that is dated since then, in its order, where clocks were ahead and behind', async () => {
    const MINUTE_MS = 60_000;
    const begin = clock.now();
    const at = async (minutes: number): Promise<string> => {
      clock.advance(begin + minutes * MINUTE_MS - clock.now());
      return (await someVisitors(1))[0]!.id;
    };
    const [, ahead, , later] = [await at(0), await at(60), await at(1), await at(40)];
    const since = (minutes: number): string => `since=${new Date(begin + minutes * MINUTE_MS - 1000).toISOString()}`;
    expect(idsOf((await page(since(30))).data)).toEqual([ahead, later]);
    expect(idsOf((await page(`${since(30)}&sort=-position`)).data)).toEqual([later, ahead]);
    expect(idsOf((await page(`${since(50)}&include_total=true`)).data)).toEqual([ahead]);
    const first = await page(`${since(30)}&limit=1`);
    expect(idsOf((await page(`${since(30)}&limit=1&cursor=${first.next_cursor}`)).data)).toEqual([later]);
    const nothing = await page(since(70));
    expect(nothing).toMatchObject({ data: [], has_more: false, next_cursor: expect.any(String) });
    const next = await at(80);
    expect(idsOf((await page(`${since(70)}&cursor=${nothing.next_cursor}`)).data)).toEqual([next]);
  });

  it('goes on behind what was not asked for', async () => {
    await someVisitors(3);
    const none = await page('event=ticket.*');
    expect(none.data).toEqual([]);
    const again = await page(`event=ticket.*&cursor=${none.next_cursor}`);
    expect(again).toMatchObject({ data: [], next_cursor: none.next_cursor });
    const [visitor] = await someVisitors(1);
    expect(idsOf((await page(`cursor=${again.next_cursor}`)).data)).toEqual([visitor!.id]);
  });

  it('misses nothing that is read by cursor while many write', async () => {
    const writers = 64;
    const conversations = await Promise.all(Array.from({ length: 8 }, () => aConversation(api)));
    let writing = true;
    const reads = (async () => {
      const seen: LoggedEvent[] = [];
      let cursor: string | null = null;
      let last = false;
      for (;;) {
        const { data, next_cursor, has_more } = await page(`limit=50${cursor === null ? '' : `&cursor=${cursor}`}`, on(seen.length));
        seen.push(...data);
        cursor = next_cursor;
        if (last && !has_more) return seen;
        last = !writing;
      }
    })();
    const sent = await Promise.all(Array.from({ length: writers }, async (_, writer) => {
      const ids: string[] = [];
      for (let index = 0; index < 6; index++) ids.push((await aMessage(on(writer + index), conversations[(writer + index) % 8]!)).id);
      return ids;
    }));
    writing = false;
    const seen = await reads;
    expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1));
    const messages = seen.filter(({ event }) => event === 'message.received').map(({ data }) => data['message_id']);
    expect(messages).toHaveLength(writers * 6);
    expect(new Set(messages)).toEqual(new Set(sent.flat()));
    await expectPositionsWithoutHoles(cluster.a);
  });

  it('knows the names of all events', async () => {
    expect((await api.get('/events/types')).body).toEqual({ data: [...EVENT_TYPES] });
  });

  it('answers what its caller may see', async () => {
    const app = cluster.a;
    const away = { status: 'away' };
    const support = await aLogin(app, { ...away, department: 'support' });
    const sales = await aLogin(app, { ...away, department: 'sales' });
    const supervisor = await aLogin(app, { ...away, department: 'support', role: 'supervisor' });
    const admin = await aLogin(app, { ...away, role: 'admin' });
    const start = (await page('sort=-position&limit=1', app.api)).data[0]!.position;
    const make = (subject: string, over: object): Promise<Resource> => aConversation(app.api, { subject, ...over });
    const own = await make('own', { agent_id: support.agent.id, department: 'support' });
    await make('of sales', { agent_id: sales.agent.id, department: 'sales' });
    await make('queued in support', { department: 'support' });
    const moved = await make('moved', { agent_id: support.agent.id, department: 'support' });
    await app.api.put(`/conversations/${moved.id}`, { agent_id: sales.agent.id });
    await aMessage(app.api, own);
    await anAgent(app.api, away);
    const all = ['own', 'of sales', 'queued in support', 'moved'];
    const seenBy = async (caller: Caller): Promise<string[]> => {
      const events = await eventsAfter(caller, start);
      const foreign = (await eventsAfter(app.api, start)).filter(({ id }) => !events.some((event) => event.id === id));
      for (const { id } of foreign) expect((await caller.get(`/events/${id}`)).body.code).toBe('event.not_found');
      expect(events.filter(({ event }) => event === 'agent.created')).toHaveLength(1);
      expect(events.filter(({ event }) => event === 'visitor.created')).toHaveLength(4);
      return events.filter(({ event }) => event === 'conversation.created' || event === 'conversation.assigned').map(({ event, data }) => `${data['subject']} ${event.slice(13)}`);
    };
    const visible = (subjects: string[]) => subjects.flatMap((subject) => (subject.startsWith('queued') ? [`${subject} created`] : [`${subject} created`, `${subject} assigned`]));
    expect(await seenBy(app.api)).toEqual([...visible(all), 'moved assigned']);
    expect(await seenBy(admin.as)).toEqual([...visible(all), 'moved assigned']);
    expect(await seenBy(supervisor.as)).toEqual([...visible(['own', 'queued in support', 'moved']), 'moved assigned']);
    expect(await seenBy(support.as)).toEqual(visible(['own', 'queued in support', 'moved']));
    expect(await seenBy(sales.as)).toEqual([...visible(['of sales']), 'moved assigned']);
    expect((await page('', api)).data).toEqual([]);
  });

  it('keeps organizations apart, each with positions of its own', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    for (let index = 0; index < 4; index++) {
      await someVisitors(1);
      await created(theirs.post('/visitors', {}));
    }
    expect((await page('')).data.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    const others = (await page('', theirs)).data;
    expect(others.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    expect((await api.get(`/events/${others[0]!.id}`)).body.code).toBe('event.not_found');
    await expectPositionsWithoutHoles(cluster.a);
  });
});
