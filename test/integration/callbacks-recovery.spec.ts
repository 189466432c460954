import { describe, expect, it } from 'vitest';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { callbackDesk } from '../support/callback-desk.js';
import { aConversation, aLogin, anApplication, anEndpoint, deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { recoveriesAt } from '../support/recoveries.js';
import type { Caller } from '../support/start-test-app.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const desk = callbackDesk();

describe('a recovery', () => {
  const { endpointFor, instant, receivedVisitors, recover, recovered, recoveryOf, store, visitors } = recoveriesAt(desk);
  const statusesOf = async (endpoint: Resource): Promise<string[]> => (await deliveriesOf(desk.api, endpoint)).map(({ status }) => status);

  it('sends what happened before the endpoint was there, in order, and says what it did', async () => {
    const ids = await visitors(3);
    await aConversation(desk.api);
    const endpoint = await endpointFor();
    const { status, headers, body } = await recover(endpoint);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/callbacks/${endpoint.id}/recoveries/${body.id}`);
    expect(body).toEqual({
      id: expect.stringMatching(/^rec_[0-9a-z]{26}$/), callback_id: endpoint.id, status: 'running', since: expect.any(String), until: expect.any(String), include_succeeded: false,
      total: 5, done: 0, recovered: 0, created_at: expect.any(String), finished_at: null,
    });
    await desk.cluster.settle();
    const ended = await recoveryOf(endpoint, body.id);
    // Four visitors, that of the conversation among them, and the conversation itself.
    expect(ended).toEqual({ ...body, status: 'succeeded', total: 5, done: 5, recovered: 4, finished_at: expect.any(String) });
    expect(receivedVisitors().slice(0, 3)).toEqual(ids);
    expect(await statusesOf(endpoint)).toEqual(Array(4).fill('succeeded'));
    expect((await desk.api.get(`/callbacks/${endpoint.id}/recoveries`)).body.data).toEqual([ended]);
  });

  it('sends what happened while the endpoint was disabled, and nothing twice', async () => {
    const endpoint = await endpointFor();
    const before = await visitors(2);
    await desk.cluster.settle();
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    const meanwhile = await visitors(3);
    expect((await recover(endpoint)).body.code).toBe('callback.disabled');
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    const afterwards = await visitors(1);
    await desk.cluster.settle();
    expect(receivedVisitors()).toEqual([...before, ...afterwards]);
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 6, recovered: 3 });
    expect(receivedVisitors()).toEqual([...before, ...afterwards, ...meanwhile]);
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 6, recovered: 0 });
    expect(desk.sink.received).toHaveLength(6);
  });

  it('sends again what failed, was exhausted or discarded, and leaves alone what is on its way', async () => {
    desk.answer = ({ path }) => ({ status: path === '/down' ? 500 : 200 });
    const exhausted = await endpointFor({ url: `${desk.sink.url}/down`, retry: { schedule_seconds: [0] } });
    const failed = await endpointFor({ url: `${desk.sink.url}/down`, retry: { schedule_seconds: [0, 36_000] } });
    const pending = await endpointFor({ url: `${desk.sink.url}/late`, retry: { schedule_seconds: [3600] } });
    await visitors(2);
    await desk.cluster.settle();
    expect([await statusesOf(exhausted), await statusesOf(failed), await statusesOf(pending)]).toEqual([['exhausted', 'exhausted'], ['failed', 'failed'], ['pending', 'pending']]);
    const waiting = await deliveriesOf(desk.api, pending);
    desk.answer = () => ({ status: 200 });
    desk.sink.clear();
    expect(await recovered(exhausted)).toMatchObject({ recovered: 2 });
    expect(await recovered(failed)).toMatchObject({ recovered: 2 });
    // The two events of the exhausted ones among them.
    expect(await recovered(pending)).toMatchObject({ done: 4, recovered: 0 });
    expect(desk.sink.received).toHaveLength(4);
    for (const endpoint of [exhausted, failed]) {
      expect(await deliveriesOf(desk.api, endpoint)).toEqual(Array(2).fill(expect.objectContaining({ status: 'succeeded', attempt_count: 2 })));
    }
    expect(await deliveriesOf(desk.api, pending)).toEqual(waiting);
  });

  it('leaves alone what is being delivered at the moment', async () => {
    const endpoint = await endpointFor({ retry: { schedule_seconds: [3600, 3600] } });
    await visitors(3);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    desk.clock.advance(3_600_000);
    const [taken] = await desk.cluster.b.app.get(DeliveryClaims).claim(endpoint.id, 1, 10 * MINUTE_MS);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    expect(await recovered(endpoint, { include_succeeded: true })).toMatchObject({ status: 'succeeded' });
    const [row] = await rows(desk.cluster.a, 'SELECT status, claim_token FROM callback_deliveries WHERE id = ?', [taken!.id]);
    expect(row).toEqual({ status: 'delivering', claim_token: taken!.claimToken });
  });

  it('sends everything when it is told to, under the same webhook-id', async () => {
    const endpoint = await endpointFor();
    await visitors(2);
    await desk.cluster.settle();
    expect(await recovered(endpoint)).toMatchObject({ recovered: 0 });
    expect(await recovered(endpoint, { include_succeeded: true })).toMatchObject({ recovered: 2, include_succeeded: true });
    const ids = desk.sink.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(4);
    expect(ids.slice(2).sort()).toEqual(ids.slice(0, 2).sort());
    expect(await deliveriesOf(desk.api, endpoint)).toHaveLength(2);
  });

  it('keeps to its range, both ends included', async () => {
    const start = desk.clock.now() - 10 * MINUTE_MS;
    const ids = await store([0, 1, 2, 3, 4].map((minute) => start + minute * MINUTE_MS));
    const endpoint = await endpointFor();
    const range = { since: instant(start + MINUTE_MS), until: instant(start + 3 * MINUTE_MS) };
    expect(await recovered(endpoint, range)).toMatchObject({ ...range, total: 3, done: 3, recovered: 3 });
    expect(desk.sink.received.map(({ headers }) => headers['webhook-id'])).toEqual(ids.slice(1, 4));
    // A later instant than now is now: what happens from here on is planned as always.
    const { until } = await recovered(endpoint, { since: range.since, until: instant(desk.clock.now() + DAY_MS) });
    expect(Date.parse(until)).toBeLessThanOrEqual(desk.clock.now());
    expect(desk.sink.received).toHaveLength(4);
  });

  it('takes many events in steps, also such of one millisecond', async () => {
    const start = desk.clock.now() - 10 * MINUTE_MS;
    const ids = await store([...Array<number>(1300).fill(start), ...Array.from({ length: 700 }, (_, index) => start + (index % 7) * 100)]);
    const endpoint = await endpointFor();
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', total: 2000, done: 2000, recovered: 2000 });
    const received = desk.sink.received.map(({ headers }) => headers['webhook-id']);
    expect(received).toHaveLength(2000);
    expect(new Set(received)).toEqual(new Set(ids));
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 2000, recovered: 0 });
  });

  it('sends what the endpoint asks for and may see, by what was so when it happened', async () => {
    const support = await aLogin(desk.cluster.a, { department: 'support', status: 'away' });
    const confined = await anApplication(desk.cluster.a, { data_scope: { departments: ['support'] } });
    const since = instant(desk.clock.now());
    const make = (subject: string, over: Record<string, unknown>): Promise<Resource> => aConversation(desk.cluster.a.api, { subject, ...over });
    const moved = await make('moved away', { department: 'support', channel: 'web' });
    await desk.cluster.a.api.put(`/conversations/${moved.id}`, { department: 'sales' });
    await make('of support', { department: 'support', channel: 'mail' });
    await make('of sales', { department: 'sales', channel: 'web' });
    const subjects = async (by: Caller, over: Record<string, unknown>): Promise<string[]> => {
      const path = `/${Math.random()}`;
      const endpoint = await anEndpoint(by, desk.sink.url + path, { events: ['conversation.created'], ...over });
      expect((await recover(endpoint, { since }, by)).status).toBe(202);
      await desk.cluster.settle();
      return desk.sink.received.filter((request) => request.path === path).map(({ body }) => body.data.subject).sort();
    };
    expect(await subjects(desk.cluster.a.api, {})).toEqual(['moved away', 'of sales', 'of support']);
    expect(await subjects(desk.cluster.a.api, { filter: { departments: ['support'] } })).toEqual(['moved away', 'of support']);
    expect(await subjects(desk.cluster.a.api, { filter: { channels: ['web'] } })).toEqual(['moved away', 'of sales']);
    expect(await subjects(support.as, {})).toEqual(['moved away', 'of support']);
    expect(await subjects(confined.as, {})).toEqual(['moved away', 'of support']);
    expect(await subjects(desk.cluster.a.api, { events: ['message.*'] })).toEqual([]);
  });

  it('tells an endpoint of others that were disabled, never of itself', async () => {
    desk.answer = ({ path }) => ({ status: path === '/gone' ? 410 : 200 });
    const gone = await endpointFor({ url: `${desk.sink.url}/gone`, events: ['*'] });
    await visitors(1);
    await desk.cluster.settle();
    desk.answer = () => ({ status: 200 });
    await desk.api.put(`/callbacks/${gone.id}`, { enabled: true });
    desk.sink.clear();
    await recovered(gone);
    expect(desk.sink.received.map(({ body }) => body.event)).toEqual(['visitor.created']);
    const watcher = await anEndpoint(desk.api, desk.sink.url, { events: ['callback.*'] });
    desk.sink.clear();
    await recovered(watcher);
    expect(desk.sink.received.map(({ body }) => body.event)).toEqual(['callback.disabled']);
  });

  it('is refused for a range that it cannot cover', async () => {
    const endpoint = await endpointFor();
    const refused = async (input: Record<string, unknown>): Promise<string> => {
      const { status, body } = await recover(endpoint, input);
      return `${status} ${body.errors.map(({ field, code }: Resource) => `${field} ${code}`)}`;
    };
    expect(await refused({ since: instant(desk.clock.now() - 91 * DAY_MS) })).toBe('422 since recovery.too_old');
    expect(await refused({ since: instant(desk.clock.now() + DAY_MS) })).toBe('422 since recovery.in_the_future');
    expect(await refused({ until: instant(desk.clock.now() - 2 * DAY_MS) })).toBe('422 until recovery.ends_before_it_begins');
    for (const input of [{ since: 'yesterday' }, { since: null }, { since: undefined }, { since: 1 }, { until: '2026' }, { until: null }, { include_succeeded: 'yes' }, { all: true }]) {
      expect({ input, status: (await recover(endpoint, input)).status }).toEqual({ input, status: 422 });
    }
    expect((await desk.api.get(`/callbacks/${endpoint.id}/recoveries`)).body.data).toEqual([]);
    expect(await recovered(endpoint, { since: instant(desk.clock.now() - 90 * DAY_MS) })).toMatchObject({ status: 'succeeded' });
  });

  it('is for those who manage its endpoint', async () => {
    const { as: other } = await anApplication(desk.cluster.a, { data_scope: { departments: ['support'] } });
    const { as: reader } = await anApplication(desk.cluster.a, { scopes: ['callbacks:read'] });
    const endpoint = await endpointFor({}, desk.cluster.a.api);
    const twin = await endpointFor({}, desk.cluster.a.api);
    const { id } = (await recover(endpoint, {}, desk.cluster.a.api)).body;
    await desk.cluster.settle();
    for (const caller of [other, desk.api]) {
      expect((await recover(endpoint, {}, caller)).body.code).toBe('callback.not_found');
      for (const path of ['', `/${id}`]) expect((await caller.get(`/callbacks/${endpoint.id}/recoveries${path}`)).body.code).toBe('callback.not_found');
      expect((await caller.delete(`/callbacks/${endpoint.id}/recoveries/${id}`)).body.code).toBe('callback.not_found');
    }
    expect((await recover(endpoint, {}, reader)).status).toBe(403);
    expect((await reader.get(`/callbacks/${endpoint.id}/recoveries/${id}`)).status).toBe(200);
    expect((await reader.delete(`/callbacks/${endpoint.id}/recoveries/${id}`)).status).toBe(403);
    expect((await desk.cluster.a.api.get(`/callbacks/${twin.id}/recoveries/${id}`)).body.code).toBe('recovery.not_found');
    expect((await desk.cluster.a.api.delete(`/callbacks/${twin.id}/recoveries/${id}`)).body.code).toBe('recovery.not_found');
  });
});
