import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anEndpoint, anOrganization, deliveriesOf, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const WAIT_MS = 10_000;
const LIBRARIES = [['standardwebhooks', StandardWebhook], ['svix', SvixWebhook]] as const;

const aSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const headersOf = ({ headers }: ReceivedCallback): Record<string, string> => headers as Record<string, string>;
const signaturesOf = (request: ReceivedCallback): string[] => headersOf(request)['webhook-signature']!.split(' ');

/** As a receiver would do it that has nothing but node:crypto and the documentation. */
function verifiesBy(publicKey: string, request: ReceivedCallback, over: { body?: string; id?: string; timestamp?: string } = {}): boolean {
  const headers = headersOf(request);
  const signed = `${over.id ?? headers['webhook-id']}.${over.timestamp ?? headers['webhook-timestamp']}.${over.body ?? request.rawBody}`;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey.replace('whpk_', ''), 'base64').toString('base64url') }, format: 'jwk' });
  return signaturesOf(request).some((signature) => signature.startsWith('v1a,') && verify(null, Buffer.from(signed), key, Buffer.from(signature.slice(4), 'base64')));
}

describe('the secrets of an endpoint', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let answer: () => SinkBehaviour;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    sink = await startCallbackSink({ answer: () => answer() });
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

  /** The request that tells of a new conversation. */
  async function nextRequest(): Promise<ReceivedCallback> {
    const before = sink.received.length;
    await aConversation(api);
    const requests = await sink.waitFor(before + 1, WAIT_MS);
    // What is not written down when a test moves the clock on would be sent again.
    await cluster.settle();
    return requests[before]!;
  }

  const rotate = (endpoint: Resource, body: object = {}, headers = {}) => api.post(`/callbacks/${endpoint.id}/rotate-secret`, body, headers);
  const subscribed = (over: object = {}) => anEndpoint(api, sink.url, { events: ['conversation.created'], ...over });
  /** What both libraries say, which has to be the same. */
  function accepts(secret: string, request: ReceivedCallback, over: { body?: string; headers?: object } = {}): boolean {
    const verdicts = LIBRARIES.map(([, Library]) => {
      try {
        new Library(secret).verify(over.body ?? request.rawBody, { ...headersOf(request), ...over.headers });
        return true;
      } catch {
        return false;
      }
    });
    expect(new Set(verdicts).size).toBe(1);
    return verdicts[0]!;
  }

  it.each(LIBRARIES)('sign what %s verifies, and nothing that was changed', async (_, Library) => {
    const endpoint = await subscribed();
    const request = await nextRequest();
    const check = (body: string, over: object = {}, secret = endpoint['secret'] as string) => new Library(secret).verify(body, { ...headersOf(request), ...over });
    expect(check(request.rawBody)).toMatchObject({ event: 'conversation.created' });
    expect(() => check(request.rawBody.replace('queued', 'closed'))).toThrow('No matching signature found');
    expect(() => check(request.rawBody, { 'webhook-id': 'evt_00000000000000000000000000' })).toThrow('No matching signature found');
    expect(() => check(request.rawBody, { 'webhook-timestamp': String(Number(request.headers['webhook-timestamp']) - 1) })).toThrow('No matching signature found');
    expect(() => check(request.rawBody, {}, aSecret())).toThrow('No matching signature found');
  });

  it('are both used while one takes the place of the other, and then the new one alone', async () => {
    const endpoint = await subscribed();
    const old = endpoint['secret'] as string;
    const rotated = await rotate(endpoint, { overlap_seconds: 60 });
    expect(rotated).toMatchObject({ status: 200, body: { id: endpoint.id, url: endpoint['url'], signing: 'hmac', public_key: null } });
    expect(rotated.headers.get('etag')).toMatch(/^"/);
    const fresh = rotated.body.secret as string;
    expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(fresh).not.toBe(old);

    const during = await nextRequest();
    expect(signaturesOf(during)).toHaveLength(2);
    expect([accepts(fresh, during), accepts(old, during)]).toEqual([true, true]);
    expect(accepts(fresh, during, { headers: { 'webhook-signature': signaturesOf(during)[0]! } })).toBe(true);
    for (const secret of [fresh, old]) {
      expect(accepts(secret, during, { body: during.rawBody.replace('queued', 'closed') })).toBe(false);
      expect(accepts(secret, during, { headers: { 'webhook-id': 'evt_0' } })).toBe(false);
      expect(accepts(secret, during, { headers: { 'webhook-timestamp': String(Number(during.headers['webhook-timestamp']) + 1) } })).toBe(false);
    }

    clock.advance(60_000);
    const after = await nextRequest();
    expect(signaturesOf(after)).toHaveLength(1);
    expect([accepts(fresh, after), accepts(old, after)]).toEqual([true, false]);
  });

  it('sign the next attempt of what had failed before they were there', async () => {
    answer = () => ({ status: 500 });
    const endpoint = await subscribed({ retry: { schedule_seconds: [0, 600] } });
    await nextRequest();
    const { body } = await rotate(endpoint, { overlap_seconds: 0 });
    answer = () => ({ status: 200 });
    const [delivery] = await deliveriesOf(api, endpoint);
    await api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`);
    const [first, second] = await sink.waitFor(2, WAIT_MS);
    expect([accepts(endpoint['secret'], first!), accepts(body.secret, first!)]).toEqual([true, false]);
    expect([accepts(endpoint['secret'], second!), accepts(body.secret, second!)]).toEqual([false, true]);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  });

  it('may be one’s own, and end at once', async () => {
    const endpoint = await subscribed({ secret: aSecret() });
    const own = aSecret();
    expect(await rotate(endpoint, { secret: own, overlap_seconds: 0 })).toMatchObject({ status: 200, body: { secret: own } });
    const request = await nextRequest();
    expect([accepts(own, request), accepts(endpoint['secret'], request)]).toEqual([true, false]);
    expect(await rotate(endpoint, { secret: own })).toMatchObject({ status: 409, body: { code: 'callback.secret_in_use' } });
    expect(signaturesOf(await nextRequest())).toHaveLength(1);
  });

  it('rotate one after the other, whoever asks at the same time', async () => {
    const endpoint = await subscribed();
    const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => cluster.each(index).as(api.headers).post(`/callbacks/${endpoint.id}/rotate-secret`, {})));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.secret)).size).toBe(5);
    expect(signaturesOf(await nextRequest())).toHaveLength(6);
  });

  it('rotate once under one Idempotency-Key, and the answer is the same', async () => {
    const endpoint = await subscribed();
    const key = { 'idempotency-key': unique('rotation') };
    const [first, second] = [await rotate(endpoint, {}, key), await rotate(endpoint, {}, key)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(signaturesOf(await nextRequest())).toHaveLength(2);
  });

  it('are in no other answer and in no audit entry', async () => {
    const endpoint = await subscribed();
    const { body } = await rotate(endpoint);
    const answers = await Promise.all([api.get(`/callbacks/${endpoint.id}`), api.get('/callbacks'), api.put(`/callbacks/${endpoint.id}`, { description: 'x' }), api.post(`/callbacks/${endpoint.id}/enable`), api.get('/audit-logs?limit=100')]);
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      for (const secret of [endpoint['secret'], body.secret]) expect(text).not.toContain(secret.slice(6, 40));
    }
    expect(answers[4]!.body.data).toEqual(expect.arrayContaining([expect.objectContaining({ action: 'callback.secret_rotated', target_id: endpoint.id, details: { overlap_seconds: 86400 } })]));
  });

  it.each([{ overlap_seconds: -1 }, { overlap_seconds: 604_801 }, { overlap_seconds: 1.5 }, { overlap_seconds: null }, { secret: 'whsec_c2hvcnQ=' }, { secret: 'plain' }, { secret: `whsec_${'A'.repeat(33)}` }, { secret: `whsec_${'A'.repeat(34)}=` }, { secret: null }, { signing: 'hmac' }])(
    'do not rotate with %j',
    async (body) => {
      const endpoint = await subscribed();
      expect(await rotate(endpoint, body)).toMatchObject({ status: 422, body: { errors: [{ field: Object.keys(body)[0] }] } });
      expect(signaturesOf(await nextRequest())).toHaveLength(1);
    },
  );

  it('of another organization are not rotated', async () => {
    const endpoint = await subscribed();
    const stranger = (await anOrganization(cluster.a)).api;
    expect(await stranger.post(`/callbacks/${endpoint.id}/rotate-secret`, {})).toMatchObject({ status: 404, body: { code: 'callback.not_found' } });
    expect(await stranger.post(`/callbacks/${endpoint.id}/enable`)).toMatchObject({ status: 404 });
    expect(await stranger.post(`/callbacks/${endpoint.id}/test`, { event: 'message.sent' })).toMatchObject({ status: 404 });
  });

  describe('with ed25519', () => {
    it('are key pairs of which receivers see the public half', async () => {
      const endpoint = await subscribed({ signing: 'ed25519' });
      expect(endpoint).toMatchObject({ signing: 'ed25519', secret: null, public_key: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/) });
      expect((await api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ signing: 'ed25519', public_key: endpoint['public_key'] });
      const request = await nextRequest();
      expect(signaturesOf(request)).toEqual([expect.stringMatching(/^v1a,[A-Za-z0-9+/]{86}==$/)]);
      expect(verifiesBy(endpoint['public_key'], request)).toBe(true);
      expect(verifiesBy(endpoint['public_key'], request, { body: request.rawBody.replace('queued', 'closed') })).toBe(false);
      expect(verifiesBy(endpoint['public_key'], request, { id: 'evt_0' })).toBe(false);
      expect(verifiesBy(endpoint['public_key'], request, { timestamp: '1' })).toBe(false);
      const stored = await rows<{ secret: string }>(cluster.a, 'SELECT secret FROM callback_endpoints WHERE id = ?', [endpoint.id]);
      expect(stored[0]!.secret).not.toContain('whsk_');
    });

    it('rotate with an overlap too', async () => {
      const endpoint = await subscribed({ signing: 'ed25519' });
      const { body, text } = await rotate(endpoint, { overlap_seconds: 60 });
      expect(text).not.toContain('whsk_');
      expect(body).toMatchObject({ secret: null, public_key: expect.stringMatching(/^whpk_/) });
      const during = await nextRequest();
      expect([endpoint['public_key'], body.public_key].map((key: string) => verifiesBy(key, during))).toEqual([true, true]);
      clock.advance(60_000);
      const after = await nextRequest();
      expect([endpoint['public_key'], body.public_key].map((key: string) => verifiesBy(key, after))).toEqual([false, true]);
    });

    it('are never given by callers, and how an endpoint is signed for does not change', async () => {
      expect(await api.post('/callbacks', { url: sink.url, events: ['*'], signing: 'ed25519', secret: aSecret() })).toMatchObject({ status: 422, body: { errors: [{ field: 'secret' }] } });
      const endpoint = await subscribed({ signing: 'ed25519' });
      expect(await rotate(endpoint, { secret: aSecret() })).toMatchObject({ status: 422, body: { errors: [{ field: 'secret' }] } });
      expect(await api.put(`/callbacks/${endpoint.id}`, { signing: 'hmac' })).toMatchObject({ status: 409, body: { code: 'callback.signing_fixed' } });
      expect(await api.put(`/callbacks/${endpoint.id}`, { signing: 'ed25519' })).toMatchObject({ status: 200, body: { public_key: endpoint['public_key'] } });
      expect(await api.post('/callbacks', { url: sink.url, events: ['*'], signing: 'rsa' })).toMatchObject({ status: 422, body: { errors: [{ field: 'signing' }] } });
    });
  });

  describe('long after', () => {
    // At the end: the libraries take no request of so much later than their own time.
    it('overlap for a day unless told otherwise', async () => {
      const endpoint = await subscribed();
      await rotate(endpoint);
      const [{ old_secrets }] = (await rows<{ old_secrets: string }>(cluster.a, 'SELECT old_secrets FROM callback_endpoints WHERE id = ?', [endpoint.id])) as [{ old_secrets: string }];
      expect(old_secrets).not.toContain(endpoint['secret'].slice(6, 30));
      expect(signaturesOf(await nextRequest())).toHaveLength(2);
      clock.advance(24 * 60 * 60 * 1000 - 60_000);
      expect(signaturesOf(await nextRequest())).toHaveLength(2);
      clock.advance(60_000);
      expect(signaturesOf(await nextRequest())).toHaveLength(1);
    });

    it('are ten old ones at the most, and expired ones do not count', async () => {
      const endpoint = await subscribed();
      const secrets = [endpoint['secret'] as string];
      for (let count = 0; count < 10; count++) {
        const { status, body } = await rotate(endpoint, { overlap_seconds: count === 0 ? 100 : 1000 });
        expect(status).toBe(200);
        secrets.unshift(body.secret);
      }
      expect(await rotate(endpoint)).toMatchObject({ status: 409, body: { code: 'callback.too_many_secrets' } });
      const request = await nextRequest();
      expect(signaturesOf(request)).toHaveLength(11);
      clock.advance(101_000);
      expect((await rotate(endpoint, { overlap_seconds: 1000 })).status).toBe(200);
      expect(await rotate(endpoint, { overlap_seconds: 1 })).toMatchObject({ status: 409 });
      expect((await rotate(endpoint, { overlap_seconds: 0 })).status).toBe(200);
      clock.advance(1_000_000);
      expect(signaturesOf(await nextRequest())).toHaveLength(1);
    });
  });
});
