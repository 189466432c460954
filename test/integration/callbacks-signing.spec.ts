import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anEndpoint, anOrganization, deliveriesOf, deliveryOf, eventsAfter } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

const secretOf = (bytes: number): string => `whsec_${randomBytes(bytes).toString('base64')}`;

describe('callback requests', () => {
  let cluster: Cluster;
  let sink: CallbackSink;
  let answer: (request: ReceivedCallback) => SinkBehaviour;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
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

  const headersOf = (request: ReceivedCallback): Record<string, string> => request.headers as Record<string, string>;

  it('carry the event of the log, signed with the secret that was answered once', async () => {
    const endpoint = await anEndpoint(api, `${sink.url}/hooks/one?team=7`, { events: ['message.received'] });
    expect(endpoint['secret']).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const conversation = await aConversation(api);
    await aMessage(api, conversation, { content: '你好 👋 "quoted" \\ \u2028', metadata: { b: 1, a: [null, 1.5] } });
    const [request] = await sink.waitFor(1, 10_000);
    expect(request).toMatchObject({ method: 'POST', path: '/hooks/one?team=7' });
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json', 'content-length': String(Buffer.byteLength(request!.rawBody)), host: `127.0.0.1:${sink.port}`, 'user-agent': 'crossdesk',
    });
    const [logged] = await eventsAfter(api, 0, '&event=message.received');
    const { position: _, ...envelope } = logged!;
    expect(new Webhook(endpoint['secret']).verify(request!.rawBody, headersOf(request!))).toEqual(envelope);
    expect(request!.headers['webhook-id']).toBe(envelope.id);
    expect(Math.abs(Number(request!.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(10);

    expect((await api.get(`/callbacks/${endpoint.id}`)).body).not.toHaveProperty('secret');
    expect((await api.get('/callbacks')).text).not.toContain('whsec_');
    expect((await api.put(`/callbacks/${endpoint.id}`, { description: 'x' })).text).not.toContain('whsec_');
    const [stored] = await rows(cluster.a, 'SELECT secret FROM callback_endpoints WHERE id = ?', [endpoint.id]);
    expect(stored!['secret']).not.toContain(endpoint['secret'].slice(6, 30));
  });

  it('do not verify when anything was changed on the way', async () => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['conversation.created'] });
    await aConversation(api);
    const [request] = await sink.waitFor(1, 10_000);
    const verify = (body: string, headers: object, secret = endpoint['secret']) => new Webhook(secret).verify(body, { ...headersOf(request!), ...headers });
    expect(() => verify(request!.rawBody, {})).not.toThrow();
    expect(() => verify(request!.rawBody.replace('queued', 'closed'), {})).toThrow('No matching signature found');
    expect(() => verify(`${request!.rawBody} `, {})).toThrow('No matching signature found');
    expect(() => verify(request!.rawBody, { 'webhook-id': 'evt_00000000000000000000000000' })).toThrow('No matching signature found');
    expect(() => verify(request!.rawBody, { 'webhook-timestamp': String(Number(request!.headers['webhook-timestamp']) + 1) })).toThrow('No matching signature found');
    expect(() => verify(request!.rawBody, {}, secretOf(32))).toThrow('No matching signature found');
  });

  it.each([24, 32, 64])('are signed with an own secret of %i bytes', async (bytes) => {
    const secret = secretOf(bytes);
    const endpoint = await anEndpoint(api, sink.url, { events: ['conversation.created'], secret });
    expect(endpoint['secret']).toBe(secret);
    await aConversation(api);
    const [request] = await sink.waitFor(1, 10_000);
    expect(new Webhook(secret).verify(request!.rawBody, headersOf(request!))).toMatchObject({ event: 'conversation.created' });
  });

  it.each([secretOf(23), secretOf(65), 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_', 'whsec_!!!', `whsec_${randomBytes(32).toString('hex').slice(0, 20)}`, 7, null])(
    'are never signed with %s as a secret',
    async (secret) => {
      const refused = await api.post('/callbacks', { url: sink.url, events: ['*'], secret });
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ field: 'secret' }] } });
    },
  );

  it('keep their id over retries, and take the time of each attempt', async () => {
    let attempt = 0;
    answer = () => ({ status: ++attempt === 3 ? 200 : 503 });
    const endpoint = await anEndpoint(api, sink.url, { events: ['conversation.created'] });
    await aConversation(api);
    const requests = await sink.waitFor(3, 10_000);
    await cluster.settle();
    const [delivery] = await deliveriesOf(api, endpoint);
    expect(delivery).toMatchObject({ status: 'succeeded', attempt_count: 3 });
    const { attempts } = await deliveryOf(api, endpoint, delivery!.id);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([delivery!['event_id']]));
    expect(new Set(requests.map(({ rawBody }) => rawBody)).size).toBe(1);
    expect(requests.map(({ headers }) => headers['webhook-timestamp'])).toEqual(attempts.map(({ time }: any) => String(Math.floor(Date.parse(time) / 1000))));
    for (const request of requests) expect(() => new Webhook(endpoint['secret']).verify(request.rawBody, headersOf(request))).not.toThrow();
  });

  it('carry the endpoint’s own headers, which are never shown again', async () => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['conversation.created'], headers: { Authorization: 'Bearer of-the-receiver', 'X-Team': 'billing', 'User-Agent': 'our-desk', 'X-Empty': '' } });
    expect(endpoint['header_names']).toHaveLength(4);
    expect(JSON.stringify(endpoint)).not.toContain('of-the-receiver');
    await aConversation(api);
    const [request] = await sink.waitFor(1, 10_000);
    expect(request!.headers).toMatchObject({ authorization: 'Bearer of-the-receiver', 'x-team': 'billing', 'user-agent': 'our-desk', 'x-empty': '' });
    const [stored] = await rows(cluster.a, 'SELECT headers FROM callback_endpoints WHERE id = ?', [endpoint.id]);
    expect(stored!['headers']).not.toContain('of-the-receiver');

    await api.put(`/callbacks/${endpoint.id}`, { headers: { 'x-other': '1' } });
    await aConversation(api);
    const [, second] = await sink.waitFor(2, 10_000);
    expect(second!.headers).toMatchObject({ 'x-other': '1' });
    expect(second!.headers).not.toHaveProperty('authorization');
  });

  it.each([
    { 'Content-Type': 'text/plain' }, { 'content-length': '1' }, { 'Content-Encoding': 'gzip' }, { HOST: 'internal' }, { Host: 'x' }, { connection: 'close' }, { 'Transfer-Encoding': 'chunked' }, { 'webhook-id': 'x' },
    { 'Webhook-Signature': 'x' }, { Expect: '100-continue' }, { Upgrade: 'h2c' }, { 'proxy-authorization': 'x' }, { te: 'trailers' }, { 'keep-alive': '1' },
    { 'x-bad': 'a\r\nx-injected: 1' }, { 'x-bad': 'ü' }, { 'x bad': '1' }, { 'x-bad:': '1' }, { '': '1' }, { 'x-bad': 7 }, { 'x-bad': null }, { 'x-long': 'x'.repeat(1001) }, { 'X-Twice': '1', 'x-twice': '2' },
    Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, '1'])), ['x-team'], 'x-team: 1', null,
  ].map((headers) => [JSON.stringify(headers).slice(0, 50), headers]))('do not take %s for headers', async (_, headers) => {
    expect(await api.post('/callbacks', { url: sink.url, events: ['*'], headers })).toMatchObject({ status: 422, body: { errors: [{ field: 'headers' }] } });
    const endpoint = await anEndpoint(api, sink.url);
    expect(await api.put(`/callbacks/${endpoint.id}`, { headers })).toMatchObject({ status: 422, body: { errors: [{ field: 'headers' }] } });
  });
});
