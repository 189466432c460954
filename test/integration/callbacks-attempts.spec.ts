import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anEndpoint, anOrganization, created, deliveriesOf, deliveryOf, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { freePort } from '../support/services.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const HOUR_MS = 3_600_000;

describe('a delivery', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let answers: SinkBehaviour[];
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    // Each answer is given once, in order; afterwards all is well.
    sink = await startCallbackSink({ answer: () => answers.shift() ?? { status: 200 } });
  });

  beforeEach(async () => {
    answers = [];
    ({ api } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const endpointFor = (over: Record<string, unknown> = {}, url = sink.url): Promise<Resource> => anEndpoint(api, url, { events: ['visitor.created'], ...over });
  const cause = async (): Promise<void> => {
    await created(api.post('/visitors', {}));
    await cluster.settle();
  };
  const onlyDelivery = async (endpoint: Resource): Promise<Resource> => {
    const [delivery, ...others] = await deliveriesOf(api, endpoint);
    expect(others).toEqual([]);
    return deliveryOf(api, endpoint, delivery!.id);
  };
  const eventNames = async (): Promise<string[]> => (await eventsAfter(api, 0)).map(({ event }) => event);

  it('is answered with every attempt, in order', async () => {
    answers = [{ status: 500, headers: { 'x-trace': 'abc', 'content-type': 'text/plain' }, body: 'internal error' }, { status: 404 }];
    const endpoint = await endpointFor();
    await cause();
    const delivery = await onlyDelivery(endpoint);
    expect(delivery).toMatchObject({ id: expect.stringMatching(/^dlv_/), callback_id: endpoint.id, event: 'visitor.created', status: 'succeeded', attempt_count: 3, last_status_code: 200, next_attempt_at: null });
    expect(Date.parse(delivery['succeeded_at'])).toBeGreaterThanOrEqual(Date.parse(delivery['created_at']));
    expect(delivery['attempts']).toEqual([
      {
        attempt: 1, time: expect.any(String), duration_ms: expect.any(Number), status: 500, error_class: null, error_message: null,
        response_headers: expect.objectContaining({ 'x-trace': 'abc', 'content-type': 'text/plain', 'content-length': '14' }), response_body: 'internal error',
      },
      expect.objectContaining({ attempt: 2, status: 404, response_body: '' }),
      expect.objectContaining({ attempt: 3, status: 200 }),
    ]);
    const { attempts: _, ...listed } = delivery;
    expect(await deliveriesOf(api, endpoint)).toEqual([listed]);
  });

  it('keeps the first 4 KiB of an answer, whatever bytes it is made of', async () => {
    answers = [{ status: 500, body: 'é'.repeat(3000) }, { status: 500, body: '\u0000\u0007\ufffd' }];
    const endpoint = await endpointFor();
    await cause();
    const { attempts } = await onlyDelivery(endpoint);
    expect(attempts[0].response_body).toBe('é'.repeat(2048));
    expect(attempts[1].response_body).toBe('\u0000\u0007\ufffd');
  });

  it.each([200, 201, 202, 204, 299])('succeeds with %i', async (status) => {
    answers = [{ status }];
    const endpoint = await endpointFor();
    await cause();
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 1, last_status_code: status });
  });

  it.each([300, 301, 302, 303, 307, 308, 304, 400, 401, 403, 404, 409, 429, 500, 502, 503])('fails with %i and goes nowhere else', async (status) => {
    answers = [{ status, headers: { location: `${sink.url}/elsewhere` } }];
    const endpoint = await endpointFor({ retry: { schedule_seconds: [0] } }, `${sink.url}/here`);
    await cause();
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'exhausted', attempt_count: 1, last_status_code: status, next_attempt_at: null, succeeded_at: null });
    expect(sink.received.map(({ path }) => path)).toEqual(['/here']);
  });

  it('says why no answer came', async () => {
    answers = ['reset', 'hang'];
    const endpoint = await endpointFor({ timeout_ms: 1000 });
    await cause();
    const { attempts, status } = await onlyDelivery(endpoint);
    expect(status).toBe('succeeded');
    expect(attempts.slice(0, 2)).toEqual([
      expect.objectContaining({ attempt: 1, status: null, error_class: 'reset', error_message: expect.any(String), response_headers: null, response_body: null }),
      expect.objectContaining({ attempt: 2, status: null, error_class: 'timeout' }),
    ]);
    expect(attempts[1].duration_ms).toBeGreaterThanOrEqual(990);

    const nobody = await endpointFor({ retry: { schedule_seconds: [0] } }, `http://127.0.0.1:${await freePort()}`);
    const unknown = await endpointFor({ retry: { schedule_seconds: [0, 3600] } }, 'http://no-such-host.invalid');
    const notTls = await endpointFor({ retry: { schedule_seconds: [0] } }, sink.url.replace('http:', 'https:'));
    await cause();
    expect(await onlyDelivery(nobody)).toMatchObject({ status: 'exhausted', last_status_code: null, attempts: [{ error_class: 'connect' }] });
    expect(await onlyDelivery(unknown)).toMatchObject({ status: 'failed', attempts: [{ error_class: 'dns' }] });
    expect(await onlyDelivery(notTls)).toMatchObject({ status: 'exhausted', attempts: [{ error_class: 'tls' }] });
  });

  it.each([1, 30 * 24])('took as long as it did when the clock is set %i hours on meanwhile', async (hours) => {
    answers = ['hang', 'hang'];
    const endpoint = await endpointFor({ timeout_ms: 1000, retry: { schedule_seconds: [0, 604_800, 604_800] } });
    await created(api.post('/visitors', {}));
    await sink.waitFor(1, 10_000);
    clock.advance(hours * HOUR_MS);
    await cluster.settle();
    const { status, attempts } = await onlyDelivery(endpoint);
    expect(status).toBe('failed');
    expect(attempts[0]).toMatchObject({ error_class: 'timeout' });
    expect(attempts[0].duration_ms).toBeLessThan(10_000);
  });

  it('waits for its first attempt as long as its schedule begins with', async () => {
    const endpoint = await endpointFor({ retry: { schedule_seconds: [3600, 60] } });
    await cause();
    const waiting = await onlyDelivery(endpoint);
    expect(waiting).toMatchObject({ status: 'pending', attempt_count: 0, attempts: [], last_status_code: null });
    expect(Date.parse(waiting['next_attempt_at']) - Date.parse(waiting['created_at'])).toBe(HOUR_MS);
    clock.advance(HOUR_MS - 60_000);
    await cluster.settle();
    expect(sink.received).toEqual([]);
    clock.advance(60_000);
    await cluster.settle();
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 1 });
  });

  it('follows its schedule with a fifth of jitter, and ends with it', async () => {
    answers = Array.from({ length: 4 }, () => ({ status: 500 }));
    const seconds = [0, 1000, 5000];
    const endpoint = await endpointFor({ retry: { schedule_seconds: seconds } });
    await cause();
    for (const [attempt, delay] of [[1, 1000], [2, 5000]] as const) {
      const delivery = await onlyDelivery(endpoint);
      expect(delivery).toMatchObject({ status: 'failed', attempt_count: attempt });
      const waited = Date.parse(delivery['next_attempt_at']) - clock.now();
      expect(waited).toBeGreaterThan(delay * 790);
      expect(waited).toBeLessThanOrEqual(delay * 1200);
      clock.advance(waited + 1);
      await cluster.settle();
    }
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'exhausted', attempt_count: 3, next_attempt_at: null });
    clock.advance(10 * HOUR_MS);
    await cluster.settle();
    expect(sink.received).toHaveLength(3);
  });

  it('has the default schedule, and waits a minute at least when the receiver is too busy', async () => {
    answers = [{ status: 500 }, { status: 429 }, { status: 503, headers: { 'retry-after': '600' } }, { status: 503, headers: { 'retry-after': '99999999' } }];
    const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'], retry: undefined });
    expect(endpoint['retry']).toEqual({ schedule_seconds: [0, 5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 36_000] });
    await cause();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 4; attempt++) {
      const delivery = await onlyDelivery(endpoint);
      expect(delivery['attempt_count']).toBe(attempt);
      waits.push((Date.parse(delivery['next_attempt_at']) - clock.now()) / 1000);
      clock.advance(waits.at(-1)! * 1000 + 1);
      await cluster.settle();
    }
    // 5 s; 30 s, but 429; 2 min, but 10 min asked for; 10 min, but more asked for, an hour at the most.
    for (const [index, [least, most]] of ([[3.5, 6], [59, 60.5], [599, 600.5], [3599, 3600.5]] as const).entries()) {
      expect(waits[index]).toBeGreaterThan(least);
      expect(waits[index]).toBeLessThanOrEqual(most);
    }
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 5 });
  });

  it('disables its endpoint with 410, which is told to all others', async () => {
    answers = [{ status: 410, body: 'gone' }];
    const watcher = await endpointFor({ events: ['callback.*'] }, `${sink.url}/watcher`);
    const endpoint = await endpointFor({ events: ['*'] }, `${sink.url}/gone`);
    await cause();
    expect((await api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: false, disabled_reason: 'gone' });
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'discarded', attempt_count: 1, last_status_code: 410, attempts: [{ response_body: 'gone' }] });
    await created(api.post('/visitors', {}));
    await cluster.settle();
    expect(sink.received.map(({ path }) => path)).toEqual(['/gone', '/watcher']);
    expect(sink.received[1]!.body).toMatchObject({ event: 'callback.disabled', data: { callback_id: endpoint.id, reason: 'gone' } });
    expect(await onlyDelivery(watcher)).toMatchObject({ event: 'callback.disabled', status: 'succeeded' });
    expect((await api.put(`/callbacks/${endpoint.id}`, { enabled: true })).body).toMatchObject({ enabled: true, disabled_reason: null });
  });

  it('of which 410 comes from a URL that the endpoint has no more is sent to its new one', async () => {
    answers = [{ status: 410, delayMs: 300 }];
    const endpoint = await endpointFor({}, `${sink.url}/old`);
    await Promise.all([created(api.post('/visitors', {})), sink.waitFor(1, 10_000)]);
    await api.put(`/callbacks/${endpoint.id}`, { url: `${sink.url}/new` });
    await cluster.settle();
    expect(sink.received.map(({ path }) => path)).toEqual(['/old', '/new']);
    expect((await api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: true, disabled_reason: null });
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 2, attempts: [{ status: 410 }, { status: 200 }] });
  });

  it('disables its endpoint once when many are answered 410', async () => {
    answers = Array.from({ length: 40 }, () => ({ status: 410, delayMs: 20 }));
    const endpoint = await endpointFor();
    await Promise.all(Array.from({ length: 40 }, (_, index) => created(cluster.each(index).as(api.headers).post('/visitors', {}))));
    await cluster.settle();
    expect((await eventNames()).filter((name) => name.startsWith('callback.'))).toEqual(['callback.disabled']);
    const statuses = (await deliveriesOf(api, endpoint)).map(({ status }) => status);
    // What had not been sent when it was disabled waits; later events are not planned at all.
    expect(new Set(statuses.filter((status) => status !== 'pending'))).toEqual(new Set(['discarded']));
  });

  it('that is exhausted is told to all others, but one that tells of callbacks is not', async () => {
    const failing = { retry: { schedule_seconds: [0, 0] } };
    answers = Array.from({ length: 8 }, () => ({ status: 500 }));
    const first = await endpointFor({ ...failing, events: ['visitor.created', 'callback.*'] }, `${sink.url}/first`);
    await cause();
    expect(await onlyDelivery(first)).toMatchObject({ status: 'exhausted', attempt_count: 2 });
    expect((await eventNames()).filter((name) => name.startsWith('callback.'))).toEqual(['callback.exhausted']);

    const watcher = await endpointFor({ ...failing, events: ['callback.*'] }, `${sink.url}/watcher`);
    await cause();
    const [exhausted] = await deliveriesOf(api, first, '&status=exhausted');
    const told = await onlyDelivery(watcher);
    expect(told).toMatchObject({ event: 'callback.exhausted', status: 'exhausted', attempt_count: 2 });
    expect(sink.received.find(({ path }) => path === '/watcher')!.body.data).toMatchObject({ callback_id: first.id, event: 'visitor.created', attempt_count: 2, last_status_code: 500, delivery_id: expect.any(String), event_id: expect.any(String) });
    expect(exhausted).toBeDefined();
    expect((await eventNames()).filter((name) => name.startsWith('callback.'))).toEqual(['callback.exhausted', 'callback.exhausted']);
  });

  it('that is exhausted when its endpoint has been deleted is told to nobody', async () => {
    answers = [{ status: 500, delayMs: 400 }];
    const endpoint = await endpointFor({ retry: { schedule_seconds: [0] } });
    await created(api.post('/visitors', {}));
    await sink.waitFor(1, 10_000);
    expect((await api.delete(`/callbacks/${endpoint.id}`)).status).toBe(204);
    await cluster.settle();
    expect((await eventNames()).filter((name) => name.startsWith('callback.'))).toEqual([]);
  });

  it('is sent again by hand, whatever became of it, and its schedule begins anew', async () => {
    answers = [{ status: 500 }, { status: 500 }];
    const endpoint = await endpointFor({ retry: { schedule_seconds: [0, 0] } });
    await cause();
    const delivery = await onlyDelivery(endpoint);
    expect(delivery['status']).toBe('exhausted');
    const path = `/callbacks/${endpoint.id}/deliveries/${delivery.id}/retry`;

    answers = [{ status: 500 }];
    expect(await api.post(path)).toMatchObject({ status: 202, body: { id: delivery.id, status: 'pending', succeeded_at: null } });
    await cluster.settle();
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 4 });

    expect((await api.post(path)).status).toBe(202);
    await cluster.settle();
    const again = await onlyDelivery(endpoint);
    expect(again).toMatchObject({ status: 'succeeded', attempt_count: 5, last_status_code: 200 });
    expect(again['attempts'].map(({ attempt }: any) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    for (const missing of [`/callbacks/${endpoint.id}/deliveries/dlv_00000000000000000000000000/retry`, `/callbacks/cbk_00000000000000000000000000/deliveries/${delivery.id}/retry`]) {
      expect((await api.post(missing)).status).toBe(404);
    }
  });

  it('that waits is sent at once by hand', async () => {
    const endpoint = await endpointFor({ retry: { schedule_seconds: [3600] } });
    await cause();
    const delivery = await onlyDelivery(endpoint);
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${delivery.id}/retry`)).status).toBe(202);
    await cluster.settle();
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 1 });
  });

  it('that is being sent cannot be sent a second time meanwhile', async () => {
    answers = [{ status: 200, delayMs: 400 }];
    const endpoint = await endpointFor();
    await created(api.post('/visitors', {}));
    await sink.waitFor(1, 10_000);
    const [delivery] = await deliveriesOf(api, endpoint);
    expect(delivery).toMatchObject({ status: 'delivering', next_attempt_at: null });
    expect(await api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`)).toMatchObject({ status: 409, body: { code: 'delivery.in_progress' } });
    await cluster.settle();
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: 'succeeded', attempt_count: 1 });
  });

  it('is found by status, event and time, page by page', async () => {
    answers = [{ status: 500 }];
    const endpoint = await endpointFor({ events: ['visitor.*'], retry: { schedule_seconds: [0] } });
    const visitor = await created(api.post('/visitors', {}));
    await cluster.settle();
    clock.advance(5000);
    const since = new Date(clock.now()).toISOString();
    await api.put(`/visitors/${visitor.id}`, { name: 'Ada' });
    await created(api.post('/visitors', {}));
    await cluster.settle();
    const found = async (query: string): Promise<string[]> => (await deliveriesOf(api, endpoint, query)).map(({ event, status }) => `${event} ${status}`);
    expect(await found('')).toEqual(['visitor.created exhausted', 'visitor.updated succeeded', 'visitor.created succeeded']);
    expect(await found('&status=exhausted')).toEqual(['visitor.created exhausted']);
    expect(await found('&status=succeeded&event=visitor.created')).toEqual(['visitor.created succeeded']);
    expect(await found(`&since=${since}`)).toEqual(['visitor.updated succeeded', 'visitor.created succeeded']);
    expect(await found('&event=visitor.merged')).toEqual([]);
    expect(await found('&status=succeeded&event=visitor.*')).toEqual(['visitor.updated succeeded', 'visitor.created succeeded']);
    expect(await found('&event=message.*')).toEqual([]);
    const pages: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page++) {
      const { body } = await api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true${cursor}`);
      expect(body).toMatchObject({ has_more: page < 2, total: 3 });
      pages.push(body.data[0].id);
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(pages).toEqual((await deliveriesOf(api, endpoint)).map(({ id }) => id).toReversed());
    for (const query of ['status=lost', 'since=yesterday', 'limit=0', 'cursor=x', 'colour=red', 'sort=event']) {
      expect((await api.get(`/callbacks/${endpoint.id}/deliveries?${query}`)).status).toBe(422);
    }
  });
});
