import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallbackFormats } from '../../src/modules/callbacks/callbacks.contract.js';
import type { Answer, BuiltRequest, CallbackFormat, FormatContext, FormatOptions, OptionFault, StoredEvent, UrlVisit } from '../../src/modules/callbacks/callbacks.contract.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anEndpoint, anOrganization, deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

const WAIT_MS = 10_000;
const PUBLIC_URL = 'https://desk.example.com/base';

/** As a dialect brings one: another address, a signature and a success of its own, and receivers that are asked first. */
class PostcardFormat implements CallbackFormat {
  readonly name = 'postcard';
  readonly defaultSchedule = [0, 7];
  readonly events = ['conversation.created'] as const;
  readonly secretOptions = ['token'];

  faultsOf(options: FormatOptions): OptionFault[] {
    return typeof options['token'] === 'string' ? [] : [{ field: 'token', message: 'token must be a string' }];
  }

  build(event: StoredEvent, { url, options, attemptAt }: FormatContext): BuiltRequest {
    return { url: `${url}/cards?token=${String(options['token'])}&at=${attemptAt}`, body: `<card>${event.id}</card>`, headers: { 'content-type': 'application/xml' } };
  }

  judge(_: number, body: Buffer): Answer {
    return { kind: body.toString() === 'thanks' ? 'delivered' : 'failed' };
  }

  async verifyUrl({ url, options, send }: UrlVisit): Promise<string | null> {
    const { status, body } = await send({ url: `${(options['checked_at'] as string | undefined) ?? url}/check?token=${String(options['token'])}`, method: 'GET', headers: {}, body: '' });
    return status === 200 && body.toString() === 'yes' ? null : 'The receiver does not want postcards.';
  }
}

describe('the formats of callbacks', () => {
  let cluster: Cluster;
  let sink: CallbackSink;
  let answer: (request: ReceivedCallback) => SinkBehaviour;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ env: { PUBLIC_URL } });
    for (const { app } of new Set([cluster.a, cluster.b])) app.get(CallbackFormats).register(new PostcardFormat());
    sink = await startCallbackSink({ answer: (request) => answer(request) });
  });

  beforeEach(async () => {
    answer = () => ({ status: 204 });
    ({ api } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const register = (over: object) => api.post('/callbacks', { url: sink.url, events: ['*'], ...over });
  const agreeable = ({ path }: ReceivedCallback): SinkBehaviour => ({ status: 200, body: path.includes('/check') ? 'yes' : 'thanks' });
  const aPostcardEndpoint = (over: object = {}) => anEndpoint(api, sink.url, { retry: undefined, format: 'postcard', format_options: { token: 'of-the-receiver' }, ...over });

  it.each(['hmac', 'ed25519'] as const)('include CloudEvents 1.0, signed by %s', async (signing) => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['message.received'], format: 'cloudevents', format_options: { type_prefix: 'com.example.' }, signing });
    const conversation = await aConversation(api);
    const message = await aMessage(api, conversation, { content: '你好 \u2028 "quoted"' });
    const [request] = await sink.waitFor(1, WAIT_MS);
    const [logged] = (await api.get('/events?event=message.received')).body.data;
    expect(request!.headers).toMatchObject({ 'content-type': 'application/cloudevents+json', 'webhook-id': logged.id, 'webhook-signature': expect.stringMatching(signing === 'hmac' ? /^v1,/ : /^v1a,/) });
    expect(JSON.parse(request!.rawBody)).toEqual({
      specversion: '1.0', id: logged.id, source: `${PUBLIC_URL}/organizations/${(await rows<{ organization_id: string }>(cluster.a, 'SELECT organization_id FROM events WHERE id = ?', [logged.id]))[0]!.organization_id}`,
      type: 'com.example.message.received', subject: message.id, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/), datacontenttype: 'application/json', data: logged.data,
    });
    if (signing === 'hmac') expect(() => new Webhook(endpoint['secret']).verify(request!.rawBody, request!.headers as Record<string, string>)).not.toThrow();
  });

  it('can be exchanged, together with options and schedule', async () => {
    const endpoint = await anEndpoint(api, sink.url, { retry: undefined });
    expect(endpoint).toMatchObject({ format: 'native', format_options: {}, retry: { schedule_seconds: [0, 5, 30, 120, 600, 1800, 7200, 18000, 36000, 36000] } });
    answer = agreeable;
    const put = (body: object) => api.put(`/callbacks/${endpoint.id}`, body);
    expect((await put({ format: 'postcard', format_options: { token: 'x' } })).body).toMatchObject({ format: 'postcard', retry: { schedule_seconds: [0, 7] } });
    expect((await put({ retry: { schedule_seconds: [1] } })).body).toMatchObject({ retry: { schedule_seconds: [1] } });
    expect((await put({ format: 'cloudevents', format_options: { type_prefix: 'org.' } })).body).toMatchObject({ format: 'cloudevents', format_options: { type_prefix: 'org.' }, retry: { schedule_seconds: [1] } });
    expect((await put({ format: 'native' })).body).toMatchObject({ format: 'native', format_options: {} });
    expect((await put({ retry: null })).body.retry.schedule_seconds).toHaveLength(10);
  });

  it.each<[object, string]>([
    [{ format: 'pigeon' }, 'format'], [{ format: 'Native' }, 'format'], [{ format: '' }, 'format'], [{ format: null }, 'format'],
    [{ format_options: { a: 1 } }, 'format_options.a'], [{ format_options: null }, 'format_options'], [{ format_options: [] }, 'format_options'],
    [{ format_options: { type_prefix: 'x'.repeat(9000) } }, 'format_options'],
    [{ format: 'cloudevents', format_options: { type_prefix: 'no dot' } }, 'format_options.type_prefix'],
    [{ format: 'cloudevents', format_options: { typePrefix: 'com.' } }, 'format_options.typePrefix'],
    [{ format: 'postcard' }, 'format_options.token'],
    [{ format: 'postcard', format_options: { token: 'x' }, batch: { max_items: 5, max_wait_ms: 0 } }, 'batch'],
    [{ batch: { max_items: 0, max_wait_ms: 0 } }, 'batch.max_items'], [{ batch: { max_items: 1001, max_wait_ms: 0 } }, 'batch.max_items'],
    [{ batch: { max_items: 5, max_wait_ms: 60_001 } }, 'batch.max_wait_ms'], [{ batch: { max_items: 5 } }, 'batch.max_wait_ms'], [{ batch: 5 }, 'batch'],
    [{ ordering: 'fifo' }, 'ordering'], [{ ordering: null }, 'ordering'],
    [{ rate_limit: { limit: 0, window_seconds: 1 } }, 'rate_limit.limit'], [{ rate_limit: { limit: 1, window_seconds: 86_401 } }, 'rate_limit.window_seconds'],
  ])('refuse %j', async (over, field) => {
    const endpoint = await anEndpoint(api, sink.url);
    for (const refused of [await register(over), await api.put(`/callbacks/${endpoint.id}`, over)]) {
      expect(refused, refused.text).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
      expect(refused.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    }
    expect((await api.get('/callbacks')).body.data).toEqual([(await api.get(`/callbacks/${endpoint.id}`)).body]);
    expect(sink.received).toEqual([]);
  });

  it('take batches, order and limits, and show them', async () => {
    const set = { batch: { max_items: 50, max_wait_ms: 500 }, ordering: 'per_conversation', rate_limit: { limit: 10, window_seconds: 1 } };
    const endpoint = await anEndpoint(api, sink.url, set);
    expect(endpoint).toMatchObject(set);
    expect((await api.put(`/callbacks/${endpoint.id}`, { batch: null, ordering: 'none', rate_limit: null })).body).toMatchObject({ batch: null, ordering: 'none', rate_limit: null });
    expect((await api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ batch: null, ordering: 'none', rate_limit: null });
  });

  describe('of other modules', () => {
    it('own their requests, and what success is', async () => {
      answer = agreeable;
      const endpoint = await aPostcardEndpoint();
      expect(sink.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /check?token=of-the-receiver']);
      await aMessage(api, await aConversation(api));
      const request = await sink.waitFor(({ path }) => path.startsWith('//cards') || path.startsWith('/cards'), WAIT_MS);
      expect(request).toMatchObject({ method: 'POST', rawBody: expect.stringMatching(/^<card>evt_\w+<\/card>$/) });
      expect(request.path).toMatch(/token=of-the-receiver&at=\d+$/);
      expect(request.headers).not.toHaveProperty('webhook-signature');
      await cluster.settle();
      // What it has no words for is not even planned.
      expect(await deliveriesOf(api, endpoint)).toEqual([expect.objectContaining({ event: 'conversation.created', status: 'succeeded' })]);
      answer = () => ({ status: 200, body: 'no' });
      await aConversation(api);
      await cluster.settle();
      expect(await deliveriesOf(api, endpoint, '&status=failed')).toHaveLength(1);
    });

    it('keep credentials among their options to themselves', async () => {
      answer = agreeable;
      const endpoint = await aPostcardEndpoint({ format_options: { token: 'secret-token', colour: 'red' } });
      expect(endpoint['format_options']).toEqual({ colour: 'red' });
      await api.put(`/callbacks/${endpoint.id}`, { format_options: { token: 'another-token', colour: 'red' } });
      for (const path of [`/callbacks/${endpoint.id}`, '/callbacks', '/audit-logs?limit=100']) expect((await api.get(path)).text).not.toMatch(/secret-token|another-token/);
      expect((await api.get('/audit-logs?limit=100')).body.data[0]).toMatchObject({ action: 'callback.updated', changes: { format_options: 'changed' } });
      const stored = await rows<{ format_options: string }>(cluster.a, 'SELECT format_options FROM callback_endpoints WHERE id = ?', [endpoint.id]);
      expect(stored[0]!.format_options).not.toMatch(/token|red/);
    });

    it.each<[string, SinkBehaviour, RegExp]>([
      ['says no', { status: 200, body: 'no' }, /does not want postcards/], ['fails', { status: 500, body: 'yes' }, /does not want postcards/], ['cuts the connection', 'reset', /gave no answer/],
    ])('register no receiver that %s when it is asked', async (_, behaviour, reason) => {
      answer = () => behaviour;
      const refused = await register({ format: 'postcard', format_options: { token: 'x' } });
      expect(refused).toMatchObject({ status: 422, body: { code: 'callback.verification_failed', detail: expect.stringMatching(reason), errors: [{ field: 'url', code: 'callback.verification_failed' }] } });
      expect((await api.get('/callbacks')).body.data).toEqual([]);
    });

    it('visit no address that callbacks may not reach', async () => {
      const refused = await register({ format: 'postcard', format_options: { token: 'x', checked_at: 'http://169.254.169.254' } });
      expect(refused).toMatchObject({ status: 422, body: { code: 'callback.verification_failed', detail: expect.stringContaining('169.254.169.254') } });
      expect(await register({ url: 'http://169.254.169.254/', format: 'postcard', format_options: { token: 'x' } })).toMatchObject({ status: 422, body: { code: 'callback.address_forbidden' } });
    });

    it('ask again when the URL, the format or its options change, and only then', async () => {
      answer = agreeable;
      const endpoint = await aPostcardEndpoint();
      const visits = () => sink.received.filter(({ path }) => path.includes('/check')).map(({ path }) => path);
      const put = (body: object, headers = {}) => api.put(`/callbacks/${endpoint.id}`, body, headers);
      await put({ description: 'x', url: sink.url, format_options: { token: 'of-the-receiver' } });
      expect(visits()).toHaveLength(1);
      await put({ url: `${sink.url}/new` });
      await put({ format_options: { token: 'other' } });
      expect(visits()).toEqual(['/check?token=of-the-receiver', '/new/check?token=of-the-receiver', '/new/check?token=other']);
      answer = () => ({ status: 404 });
      expect(await put({ url: `${sink.url}/worse` })).toMatchObject({ status: 422, body: { code: 'callback.verification_failed' } });
      expect((await api.get(`/callbacks/${endpoint.id}`)).body.url).toBe(`${sink.url}/new`);
      expect(await put({ format: 'native' })).toMatchObject({ status: 200 });
      expect(await put({ format: 'postcard', format_options: { token: 'x' } })).toMatchObject({ status: 422 });
    });

    it('are asked once for a registration with an Idempotency-Key', async () => {
      answer = agreeable;
      const body = { url: sink.url, events: ['*'], format: 'postcard', format_options: { token: 'x' } };
      const [first, second] = [await api.post('/callbacks', body, { 'idempotency-key': 'one' }), await api.post('/callbacks', body, { 'idempotency-key': 'one' })];
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body).toEqual(first.body as Resource);
      expect(sink.received).toHaveLength(1);
    });

    it('have a name of their own', () => {
      const formats = cluster.a.app.get(CallbackFormats);
      expect(() => formats.register(new PostcardFormat())).toThrow('two callback formats of the name postcard');
    });
  });
});
