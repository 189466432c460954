import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { RecoverEvents } from '../../src/modules/callbacks/recoveries/recover-events.js';
import { RecoveriesRepository } from '../../src/modules/callbacks/recoveries/recoveries.repository.js';
import { RecoveryRunner } from '../../src/modules/callbacks/recoveries/recovery-runner.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, anApplication, anEndpoint, anOrganization, created, deliveriesOf, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { storeEvents } from '../support/stored-events.js';
import { TestClock } from '../support/test-clock.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('a recovery', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let answer: (request: ReceivedCallback) => SinkBehaviour;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    sink = await startCallbackSink({ answer: (request) => answer(request) });
  });

  beforeEach(async () => {
    answer = () => ({ status: 200 });
    ({ api, organization } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const instant = (ms: number): string => new Date(ms).toISOString();
  const longAgo = (): string => instant(clock.now() - DAY_MS);
  const endpointFor = (over: Record<string, unknown> = {}, by = api): Promise<Resource> => anEndpoint(by, sink.url, { events: ['visitor.created'], ...over });
  const recover = (endpoint: Resource, input: Record<string, unknown> = {}, by = api): Promise<Answer> => by.post(`/callbacks/${endpoint.id}/recover`, { since: longAgo(), ...input });
  const recoveryOf = async (endpoint: Resource, id: string): Promise<Resource> => (await api.get(`/callbacks/${endpoint.id}/recoveries/${id}`)).body;
  /** Begins one and waits for its end and for what it planned. */
  const recovered = async (endpoint: Resource, input: Record<string, unknown> = {}): Promise<Resource> => {
    const { status, body, text } = await recover(endpoint, input);
    expect(`${status} ${status === 202 ? '' : text}`).toBe('202 ');
    await cluster.settle();
    return recoveryOf(endpoint, body.id);
  };
  const visitors = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let index = 0; index < count; index++) ids.push((await created(cluster.each(index).as(api.headers).post('/visitors', {}))).id);
    return ids;
  };
  const receivedVisitors = (): string[] => sink.received.map(({ body }) => body.data.visitor_id);
  const statusesOf = async (endpoint: Resource): Promise<string[]> => (await deliveriesOf(api, endpoint)).map(({ status }) => status);
  const store = (instants: number[], type?: string): Promise<string[]> => storeEvents(cluster.a.app.get(UnitOfWork), organization.id, instants, type);

  it('sends what happened before the endpoint was there, in order, and says what it did', async () => {
    const ids = await visitors(3);
    await aConversation(api);
    const endpoint = await endpointFor();
    const { status, headers, body } = await recover(endpoint);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/callbacks/${endpoint.id}/recoveries/${body.id}`);
    expect(body).toEqual({
      id: expect.stringMatching(/^rec_[0-9a-z]{26}$/), callback_id: endpoint.id, status: 'running', since: expect.any(String), until: expect.any(String), include_succeeded: false,
      total: 5, done: 0, recovered: 0, created_at: expect.any(String), finished_at: null,
    });
    await cluster.settle();
    const ended = await recoveryOf(endpoint, body.id);
    // Four visitors, that of the conversation among them, and the conversation itself.
    expect(ended).toEqual({ ...body, status: 'succeeded', total: 5, done: 5, recovered: 4, finished_at: expect.any(String) });
    expect(receivedVisitors().slice(0, 3)).toEqual(ids);
    expect(await statusesOf(endpoint)).toEqual(Array(4).fill('succeeded'));
    expect((await api.get(`/callbacks/${endpoint.id}/recoveries`)).body.data).toEqual([ended]);
  });

  it('sends what happened while the endpoint was disabled, and nothing twice', async () => {
    const endpoint = await endpointFor();
    const before = await visitors(2);
    await cluster.settle();
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    const meanwhile = await visitors(3);
    expect((await recover(endpoint)).body.code).toBe('callback.disabled');
    await api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    const afterwards = await visitors(1);
    await cluster.settle();
    expect(receivedVisitors()).toEqual([...before, ...afterwards]);
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 6, recovered: 3 });
    expect(receivedVisitors()).toEqual([...before, ...afterwards, ...meanwhile]);
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 6, recovered: 0 });
    expect(sink.received).toHaveLength(6);
  });

  it('sends again what failed, was exhausted or discarded, and leaves alone what is on its way', async () => {
    answer = ({ path }) => ({ status: path === '/down' ? 500 : 200 });
    const exhausted = await endpointFor({ url: `${sink.url}/down`, retry: { schedule_seconds: [0] } });
    const failed = await endpointFor({ url: `${sink.url}/down`, retry: { schedule_seconds: [0, 36_000] } });
    const pending = await endpointFor({ url: `${sink.url}/late`, retry: { schedule_seconds: [3600] } });
    await visitors(2);
    await cluster.settle();
    expect([await statusesOf(exhausted), await statusesOf(failed), await statusesOf(pending)]).toEqual([['exhausted', 'exhausted'], ['failed', 'failed'], ['pending', 'pending']]);
    const waiting = await deliveriesOf(api, pending);
    answer = () => ({ status: 200 });
    sink.clear();
    expect(await recovered(exhausted)).toMatchObject({ recovered: 2 });
    expect(await recovered(failed)).toMatchObject({ recovered: 2 });
    // The two events of the exhausted ones among them.
    expect(await recovered(pending)).toMatchObject({ done: 4, recovered: 0 });
    expect(sink.received).toHaveLength(4);
    for (const endpoint of [exhausted, failed]) {
      expect(await deliveriesOf(api, endpoint)).toEqual(Array(2).fill(expect.objectContaining({ status: 'succeeded', attempt_count: 2 })));
    }
    expect(await deliveriesOf(api, pending)).toEqual(waiting);
  });

  it('leaves alone what is being delivered at the moment', async () => {
    const endpoint = await endpointFor({ retry: { schedule_seconds: [3600, 3600] } });
    await visitors(3);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    clock.advance(3_600_000);
    const [taken] = await cluster.b.app.get(DeliveryClaims).claim(endpoint.id, 1, 10 * MINUTE_MS);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    expect(await recovered(endpoint, { include_succeeded: true })).toMatchObject({ status: 'succeeded' });
    const [row] = await rows(cluster.a, 'SELECT status, claim_token FROM callback_deliveries WHERE id = ?', [taken!.id]);
    expect(row).toEqual({ status: 'delivering', claim_token: taken!.claimToken });
  });

  it('sends everything when it is told to, under the same webhook-id', async () => {
    const endpoint = await endpointFor();
    await visitors(2);
    await cluster.settle();
    expect(await recovered(endpoint)).toMatchObject({ recovered: 0 });
    expect(await recovered(endpoint, { include_succeeded: true })).toMatchObject({ recovered: 2, include_succeeded: true });
    const ids = sink.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(4);
    expect(ids.slice(2).sort()).toEqual(ids.slice(0, 2).sort());
    expect(await deliveriesOf(api, endpoint)).toHaveLength(2);
  });

  it('keeps to its range, both ends included', async () => {
    const start = clock.now() - 10 * MINUTE_MS;
    const ids = await store([0, 1, 2, 3, 4].map((minute) => start + minute * MINUTE_MS));
    const endpoint = await endpointFor();
    const range = { since: instant(start + MINUTE_MS), until: instant(start + 3 * MINUTE_MS) };
    expect(await recovered(endpoint, range)).toMatchObject({ ...range, total: 3, done: 3, recovered: 3 });
    expect(sink.received.map(({ headers }) => headers['webhook-id'])).toEqual(ids.slice(1, 4));
    // A later instant than now is now: what happens from here on is planned as always.
    const { until } = await recovered(endpoint, { since: range.since, until: instant(clock.now() + DAY_MS) });
    expect(Date.parse(until)).toBeLessThanOrEqual(clock.now());
    expect(sink.received).toHaveLength(4);
  });

  it('takes many events in steps, also such of one millisecond', async () => {
    const start = clock.now() - 10 * MINUTE_MS;
    const ids = await store([...Array<number>(1300).fill(start), ...Array.from({ length: 700 }, (_, index) => start + (index % 7) * 100)]);
    const endpoint = await endpointFor();
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', total: 2000, done: 2000, recovered: 2000 });
    const received = sink.received.map(({ headers }) => headers['webhook-id']);
    expect(received).toHaveLength(2000);
    expect(new Set(received)).toEqual(new Set(ids));
    expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 2000, recovered: 0 });
  });

  it('sends what the endpoint asks for and may see, by what was so when it happened', async () => {
    const support = await aLogin(cluster.a, { department: 'support', status: 'away' });
    const confined = await anApplication(cluster.a, { data_scope: { departments: ['support'] } });
    const since = instant(clock.now());
    const make = (subject: string, over: Record<string, unknown>): Promise<Resource> => aConversation(cluster.a.api, { subject, ...over });
    const moved = await make('moved away', { department: 'support', channel: 'web' });
    await cluster.a.api.put(`/conversations/${moved.id}`, { department: 'sales' });
    await make('of support', { department: 'support', channel: 'mail' });
    await make('of sales', { department: 'sales', channel: 'web' });
    const subjects = async (by: Caller, over: Record<string, unknown>): Promise<string[]> => {
      const path = `/${Math.random()}`;
      const endpoint = await anEndpoint(by, sink.url + path, { events: ['conversation.created'], ...over });
      expect((await recover(endpoint, { since }, by)).status).toBe(202);
      await cluster.settle();
      return sink.received.filter((request) => request.path === path).map(({ body }) => body.data.subject).sort();
    };
    expect(await subjects(cluster.a.api, {})).toEqual(['moved away', 'of sales', 'of support']);
    expect(await subjects(cluster.a.api, { filter: { departments: ['support'] } })).toEqual(['moved away', 'of support']);
    expect(await subjects(cluster.a.api, { filter: { channels: ['web'] } })).toEqual(['moved away', 'of sales']);
    expect(await subjects(support.as, {})).toEqual(['moved away', 'of support']);
    expect(await subjects(confined.as, {})).toEqual(['moved away', 'of support']);
    expect(await subjects(cluster.a.api, { events: ['message.*'] })).toEqual([]);
  });

  it('tells an endpoint of others that were disabled, never of itself', async () => {
    answer = ({ path }) => ({ status: path === '/gone' ? 410 : 200 });
    const gone = await endpointFor({ url: `${sink.url}/gone`, events: ['*'] });
    await visitors(1);
    await cluster.settle();
    answer = () => ({ status: 200 });
    await api.put(`/callbacks/${gone.id}`, { enabled: true });
    sink.clear();
    await recovered(gone);
    expect(sink.received.map(({ body }) => body.event)).toEqual(['visitor.created']);
    const watcher = await anEndpoint(api, sink.url, { events: ['callback.*'] });
    sink.clear();
    await recovered(watcher);
    expect(sink.received.map(({ body }) => body.event)).toEqual(['callback.disabled']);
  });

  it('is refused for a range that it cannot cover', async () => {
    const endpoint = await endpointFor();
    const refused = async (input: Record<string, unknown>): Promise<string> => {
      const { status, body } = await recover(endpoint, input);
      return `${status} ${body.errors.map(({ field, code }: Resource) => `${field} ${code}`)}`;
    };
    expect(await refused({ since: instant(clock.now() - 91 * DAY_MS) })).toBe('422 since recovery.too_old');
    expect(await refused({ since: instant(clock.now() + DAY_MS) })).toBe('422 since recovery.in_the_future');
    expect(await refused({ until: instant(clock.now() - 2 * DAY_MS) })).toBe('422 until recovery.ends_before_it_begins');
    for (const input of [{ since: 'yesterday' }, { since: null }, { since: undefined }, { since: 1 }, { until: '2026' }, { until: null }, { include_succeeded: 'yes' }, { all: true }]) {
      expect({ input, status: (await recover(endpoint, input)).status }).toEqual({ input, status: 422 });
    }
    expect((await api.get(`/callbacks/${endpoint.id}/recoveries`)).body.data).toEqual([]);
    expect(await recovered(endpoint, { since: instant(clock.now() - 90 * DAY_MS) })).toMatchObject({ status: 'succeeded' });
  });

  it('is for those who manage its endpoint', async () => {
    const { as: other } = await anApplication(cluster.a, { data_scope: { departments: ['support'] } });
    const { as: reader } = await anApplication(cluster.a, { scopes: ['callbacks:read'] });
    const endpoint = await endpointFor({}, cluster.a.api);
    const twin = await endpointFor({}, cluster.a.api);
    const { id } = (await recover(endpoint, {}, cluster.a.api)).body;
    await cluster.settle();
    for (const caller of [other, api]) {
      expect((await recover(endpoint, {}, caller)).body.code).toBe('callback.not_found');
      for (const path of ['', `/${id}`]) expect((await caller.get(`/callbacks/${endpoint.id}/recoveries${path}`)).body.code).toBe('callback.not_found');
      expect((await caller.delete(`/callbacks/${endpoint.id}/recoveries/${id}`)).body.code).toBe('callback.not_found');
    }
    expect((await recover(endpoint, {}, reader)).status).toBe(403);
    expect((await reader.get(`/callbacks/${endpoint.id}/recoveries/${id}`)).status).toBe(200);
    expect((await reader.delete(`/callbacks/${endpoint.id}/recoveries/${id}`)).status).toBe(403);
    expect((await cluster.a.api.get(`/callbacks/${twin.id}/recoveries/${id}`)).body.code).toBe('recovery.not_found');
    expect((await cluster.a.api.delete(`/callbacks/${twin.id}/recoveries/${id}`)).body.code).toBe('recovery.not_found');
  });

  describe('that a dead worker has claimed', () => {
    /** One that has done a step and then stands still; nobody was woken for it. */
    async function halfDone(): Promise<{ endpoint: Resource; id: string; ids: string[]; token: string }> {
      const start = clock.now() - 10 * MINUTE_MS;
      const ids = await store(Array.from({ length: 1200 }, (_, index) => start + index));
      const endpoint = await endpointFor();
      const token = 'dead';
      const recoveries = cluster.b.app.get(RecoveriesRepository);
      const unitOfWork = cluster.b.app.get(UnitOfWork);
      const now = clock.now();
      const id = await unitOfWork.run(async () => {
        const recovery = {
          id: `rec_${'0'.repeat(18)}${organization.id.slice(-8)}`, organization_id: organization.id, callback_id: endpoint.id, running_for: endpoint.id, status: 'running' as const,
          since_at: start, until_at: now, include_succeeded: false, total: 1200, done: 0, recovered: 0, seen_at: null, seen_number: null,
          claim_token: null, claimed_until: null, created_at: now, finished_at: null,
        };
        await recoveries.insert(recovery);
        await recoveries.claim(recovery.id, token, now, now + MINUTE_MS);
        return recovery.id;
      });
      expect(await cluster.b.app.get(RecoverEvents).step(id, organization.id, token, now + MINUTE_MS)).toBe(true);
      return { endpoint, id, ids, token };
    }
    const look = async (): Promise<void> => {
      await cluster.a.app.get(RecoveryRunner).wakeAll();
      await cluster.settle();
    };

    it('is gone on with when the claim has lapsed, and nothing is planned twice', async () => {
      const { endpoint, id, ids } = await halfDone();
      expect(await recoveryOf(endpoint, id)).toMatchObject({ status: 'running', total: 1200, done: 500, recovered: 500 });
      await look();
      expect(await recoveryOf(endpoint, id)).toMatchObject({ status: 'running', done: 500 });
      clock.advance(2 * MINUTE_MS);
      await look();
      expect(await recoveryOf(endpoint, id)).toMatchObject({ status: 'succeeded', total: 1200, done: 1200, recovered: 1200 });
      const [{ planned, events }] = (await rows(cluster.a, 'SELECT COUNT(*) AS planned, COUNT(DISTINCT event_id) AS events FROM callback_deliveries WHERE callback_id = ?', [endpoint.id])) as [{ planned: number; events: number }];
      expect([Number(planned), Number(events)]).toEqual([1200, 1200]);
      expect(new Set(sink.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(ids));
    });

    it('does nothing more when the worker comes back after another has taken it', async () => {
      const { endpoint, id, token } = await halfDone();
      clock.advance(2 * MINUTE_MS);
      await look();
      const ended = await recoveryOf(endpoint, id);
      expect(await cluster.b.app.get(RecoverEvents).step(id, organization.id, token, clock.now() + MINUTE_MS)).toBe(false);
      expect(await recoveryOf(endpoint, id)).toEqual(ended);
    });

    it('keeps a second one from beginning until it is cancelled', async () => {
      const { endpoint, id, token } = await halfDone();
      const answers = await Promise.all([0, 1, 2, 3].map((index) => recover(endpoint, {}, cluster.each(index).as(api.headers))));
      expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual(Array(4).fill('409 recovery.in_progress'));
      const path = `/callbacks/${endpoint.id}/recoveries/${id}`;
      const cancelled = await api.delete(path);
      expect(cancelled).toMatchObject({ status: 200, body: { id, status: 'cancelled', total: 1200, done: 500, recovered: 500, finished_at: expect.any(String) } });
      expect(await api.delete(path)).toMatchObject({ status: 200, body: cancelled.body });
      expect(await cluster.b.app.get(RecoverEvents).step(id, organization.id, token, clock.now() + MINUTE_MS)).toBe(false);
      await cluster.settle();
      // What it had planned is delivered.
      expect(sink.received).toHaveLength(500);
      expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 1200, recovered: 700 });
      expect(await api.delete(path)).toMatchObject({ status: 200, body: cancelled.body });
    });

    it.each(['disabled', 'deleted'])('fails when its endpoint was %s meanwhile', async (what) => {
      const { endpoint, id } = await halfDone();
      if (what === 'disabled') await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
      else await api.delete(`/callbacks/${endpoint.id}`);
      clock.advance(2 * MINUTE_MS);
      await look();
      const [row] = await rows(cluster.a, 'SELECT status, done, running_for FROM callback_recoveries WHERE id = ?', [id]);
      expect(row).toEqual({ status: 'failed', done: expect.anything(), running_for: null });
      expect(Number(row!.done)).toBe(500);
    });
  });

  it('runs once when many are begun at the same time', async () => {
    await visitors(5);
    const endpoint = await endpointFor();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => recover(endpoint, {}, cluster.each(index).as(api.headers))));
    const counts = tally(answers);
    expect((counts[202] ?? 0) + (counts[409] ?? 0)).toBe(8);
    expect(counts[202]).toBeGreaterThan(0);
    await cluster.settle();
    expect(sink.received).toHaveLength(5);
    const { body } = await api.get(`/callbacks/${endpoint.id}/recoveries?include_total=true`);
    expect(body.total).toBe(counts[202]);
    expect(body.data.reduce((sum: number, recovery: Resource) => sum + recovery['recovered'], 0)).toBe(5);
  });

  it('misses nothing and doubles nothing while more happens', async () => {
    await visitors(20);
    const endpoint = await endpointFor();
    const [, ids] = await Promise.all([recover(endpoint), visitors(40)]);
    await cluster.settle();
    const received = receivedVisitors();
    expect(received).toHaveLength(60);
    expect(new Set(received).size).toBe(60);
    expect(received).toEqual(expect.arrayContaining(ids));
  });

  it('is found again when the wake for it was lost', async () => {
    await visitors(2);
    const endpoint = await endpointFor();
    for (const { app } of new Set([cluster.a, cluster.b])) {
      const queue = app.get(JobQueue);
      const wake = vi.spyOn(queue, 'wake').mockImplementation(() => undefined);
      expect((await recover(endpoint)).status).toBe(app === cluster.a.app ? 202 : 409);
      wake.mockRestore();
    }
    await cluster.settle();
    expect(sink.received).toEqual([]);
    await cluster.b.app.get(RecoveryRunner).wakeAll();
    await cluster.settle();
    expect(sink.received).toHaveLength(2);
  });
});
