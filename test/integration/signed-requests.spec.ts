import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { aPlainApplication, aSigningKey } from '../support/integrations.js';
import { WITH_BODY, digestOf, sendRaw, signedHeaders } from '../support/signed-request.js';
import type { SignedAnswer, SigningKey, ToSign } from '../support/signed-request.js';
import type { Caller, TestApp } from '../support/start-test-app.js';
import { StandingClock } from '../support/test-clock.js';

const VISITORS = '/api/v1/visitors';
const REFUSED = { invalid: 'auth.signature_invalid', components: 'auth.signature_components', expired: 'auth.signature_expired', digest: 'auth.digest_mismatch', credential: 'auth.credential_invalid' };

/** What is different of the request that is sent from the one that was signed. */
interface Tampering {
  method?: string;
  target?: string;
  body?: string;
  headers?: Record<string, string | string[]>;
}

describe('a signed request', () => {
  const clock = new StandingClock();
  let cluster: Cluster;
  let api: Caller;
  let application: Resource;
  let key: Resource & SigningKey;

  beforeAll(async () => {
    cluster = await startCluster({ clock, env: { TRUST_PROXY: '' } });
    api = cluster.a.api;
    application = await aPlainApplication(api);
    key = await aSigningKey(api, application);
  });

  afterAll(() => cluster.close());

  const visitor = (): string => JSON.stringify({ external_id: unique('signed') });

  function sign(over: Partial<ToSign> = {}, by: SigningKey = key, on: TestApp = cluster.a): ToSign & { headers: Record<string, string> } {
    const request: ToSign = { method: 'POST', target: VISITORS, body: visitor(), now: clock.now(), ...over };
    return { ...request, headers: signedHeaders(on.url, by, request) };
  }

  function send(request: ToSign & { headers: Record<string, string> }, tampering: Tampering = {}, on: TestApp = cluster.a): Promise<SignedAnswer> {
    const headers = Object.fromEntries(Object.entries({ ...request.headers, ...tampering.headers }).filter(([, value]) => value !== ''));
    return sendRaw(on.url, { method: request.method, target: request.target, body: request.body, ...tampering, headers });
  }

  const codeOf = async (answer: Promise<SignedAnswer>): Promise<string> => {
    const { status, body } = await answer;
    return `${status} ${body?.code ?? ''}`;
  };

  async function count(): Promise<number> {
    return (await api.get('/visitors?include_total=true')).body.total;
  }

  describe('that is right', () => {
    it.each(['hmac-sha256', 'ed25519'])('is answered, signed with %s', async (algorithm) => {
      const by = await aSigningKey(api, application, { algorithm });
      const made = await send(sign({}, by));
      expect(made.status).toBe(201);
      const got = await send(sign({ method: 'GET', target: `${VISITORS}/${made.body.id}`, body: undefined }, by));
      expect([got.status, got.body.id]).toEqual([200, made.body.id]);
      const changed = await send(sign({ method: 'PUT', target: `${VISITORS}/${made.body.id}`, body: '{"name":"李伟"}' }, by));
      expect([changed.status, changed.body.name]).toEqual([200, '李伟']);
    });

    it('may be signed with a key of the caller\'s own making', async () => {
      const mine = await aSigningKey(api, await aPlainApplication(api), { algorithm: 'ed25519' });
      const theirs = await aSigningKey(api, application, { algorithm: 'ed25519', public_key: mine['public_key'] });
      expect(theirs).not.toHaveProperty('private_key');
      expect(theirs['public_key']).toBe(mine['public_key']);
      expect((await send(sign({}, { ...theirs, private_key: mine.private_key! }))).status).toBe(201);
    });

    it('comes from the key, which may do what its application may', async () => {
      const reader = await aPlainApplication(api, { scopes: ['visitors:read'] });
      const by = await aSigningKey(api, reader);
      const me = await send(sign({ method: 'GET', target: '/api/v1/auth/me', body: undefined }, by));
      expect(me.body).toMatchObject({ kind: 'signing_key', id: by.id, application_id: reader.id, scopes: ['visitors:read'] });
      expect(await codeOf(send(sign({}, by)))).toBe('403 auth.scope_missing');
    });

    it.each([
      ['with a query', { target: `${VISITORS}?limit=1&sort=-created_at`, method: 'GET', body: undefined }],
      ['with an empty query', { target: `${VISITORS}?`, method: 'GET', body: undefined }],
      ['with a query that a URL parser would change', { target: `${VISITORS}?external_id='a|b'`, method: 'GET', body: undefined }],
      ['that names its algorithm', { parameters: { alg: 'hmac-sha256' } }],
      ['that says when it expires', { parameters: { expires: 99_999_999_999 } }],
      ['under another name', { label: 'my-signature_1' }],
      ['with more covered', { components: [...WITH_BODY, 'content-type', 'x-team'], headers: { 'x-team': 'a, b' } }],
      ['of half-way round the clock', { parameters: {}, now: -290_000 }],
      ['of a clock that is ahead', { parameters: {}, now: 290_000 }],
    ])('is taken %s', async (_name, over: Partial<ToSign>) => {
      const body = 'body' in over ? undefined : visitor();
      const answer = await send(sign({ ...over, body, now: clock.now() + (over.now ?? 0) }));
      expect(answer.status, answer.text).toBeLessThan(300);
    });

    it.each([
      ['sha-512', (body: string) => digestOf(body, 'sha512')],
      ['two digests', (body: string) => `${digestOf(body)}, ${digestOf(body, 'sha512')}`],
      ['one that is known', (body: string) => `md5=:AAAA:, ${digestOf(body)}`],
    ])('is taken with %s of its body', async (_name, digest) => {
      const body = visitor();
      expect(await codeOf(send(sign({ body, headers: { 'content-digest': digest(body) } })))).toBe('201 ');
    });

    it('is refused with a digest that is wrong beside one that is right', async () => {
      const body = visitor();
      const headers = { 'content-digest': `${digestOf(body)}, ${digestOf('other', 'sha512')}` };
      expect(await codeOf(send(sign({ body, headers })))).toBe(`401 ${REFUSED.digest}`);
    });

    it('is not needed on public routes, and does not disturb there', async () => {
      const answer = await sendRaw(cluster.a.url, { method: 'GET', target: '/health/live', headers: { 'signature-input': 'x', signature: 'y' } });
      expect(answer.status).toBe(200);
    });

    it('can be repeated with an Idempotency-Key, signed anew', async () => {
      const body = visitor();
      const headers = { 'idempotency-key': unique('key') };
      const [first, second] = [await send(sign({ body, headers })), await send(sign({ body, headers }))];
      expect([first.status, second.status, second.headers['idempotency-replayed']]).toEqual([201, 201, 'true']);
      expect(second.body.id).toBe(first.body.id);
    });
  });

  describe('that was changed', () => {
    it.each<[string, Tampering, string]>([
      ['body', { body: '{"external_id":"other"}' }, REFUSED.digest],
      ['body and its digest', { body: '{"external_id":"other"}', headers: { 'content-digest': digestOf('{"external_id":"other"}') } }, REFUSED.invalid],
      ['body, which is gone', { body: '' }, REFUSED.digest],
      ['path', { target: '/api/v1/agents' }, REFUSED.invalid],
      ['path, written otherwise', { target: '/api/v1/%76isitors' }, REFUSED.invalid],
      ['query', { target: `${VISITORS}?a=b` }, REFUSED.invalid],
      ['host', { headers: { host: 'other.example' } }, REFUSED.invalid],
      ['host by a proxy that is not trusted', { headers: { host: 'other.example', 'x-forwarded-host': '127.0.0.1' } }, REFUSED.invalid],
      ['method', { method: 'PUT', target: `${VISITORS}/vis_00000000000000000000000000` }, REFUSED.invalid],
      ['digest, which is gone', { headers: { 'content-digest': '' } }, REFUSED.components],
      ['digest of an unknown kind', { headers: { 'content-digest': 'md5=:AAAA:' } }, REFUSED.invalid],
      ['signature', { headers: { signature: `sig=:${Buffer.alloc(32).toString('base64')}:` } }, REFUSED.invalid],
      ['signature, which is short', { headers: { signature: 'sig=:AAAA:' } }, REFUSED.invalid],
      ['signature, which is empty', { headers: { signature: 'sig=::' } }, REFUSED.invalid],
      ['signature, which is no bytes', { headers: { signature: 'sig' } }, REFUSED.invalid],
      ['signature, which is gone', { headers: { signature: '' } }, REFUSED.invalid],
      ['input, which is gone', { headers: { 'signature-input': '' } }, REFUSED.invalid],
      ['input, which is nonsense', { headers: { 'signature-input': '((((' } }, REFUSED.invalid],
      ['input, which names a list of lists', { headers: { 'signature-input': 'sig=(("@method"))' } }, REFUSED.invalid],
      ['input, which has two', { headers: { 'signature-input': ['sig=("@method")', 'sig=("@path")'] } }, REFUSED.components],
    ])('is refused: another %s', async (_name, tampering, code) => {
      const before = await count();
      const request = sign();
      expect(await codeOf(send(request, tampering))).toBe(`401 ${code}`);
      expect(await count()).toBe(before);
      expect(await codeOf(send(request))).toBe('201 ');
    });

    it('is refused: the body of a GET, which nobody reads', async () => {
      const target = `${VISITORS}?limit=1`;
      const request = sign({ method: 'GET', target, body: undefined });
      const headers = { 'content-length': '2' };
      expect(await codeOf(send(request, { body: '{}', headers }))).toBe(`401 ${REFUSED.components}`);
      expect(await codeOf(send(sign({ method: 'GET', target, body: '{}', headers })))).toBe(`401 ${REFUSED.digest}`);
    });
  });

  describe('that lacks something', () => {
    it.each(WITH_BODY)('is refused: %s not covered', async (missing) => {
      const answer = await send(sign({ components: WITH_BODY.filter((name) => name !== missing) }));
      expect(answer).toMatchObject({ status: 401, body: { code: REFUSED.components, detail: `The signature must cover ${missing} too.` } });
    });

    it.each(['created', 'nonce', 'keyid'])('is refused: no %s', async (name) => {
      const request = sign();
      const input = request.headers['signature-input']!.replace(new RegExp(`;${name}=("[^"]*"|\\d+)`), '');
      expect(await codeOf(send(request, { headers: { 'signature-input': input } }))).toBe(`401 ${REFUSED.components}`);
    });

    it.each(['"@method";req', '"content-digest";sf', '"@target-uri"', '@scheme', 'x-absent', '"@query-param";name="a"'])('is refused: %s covered', async (component) => {
      expect(await codeOf(send(sign({ components: [...WITH_BODY, component] })))).toBe(`401 ${REFUSED.components}`);
    });
  });

  describe('that comes with something else', () => {
    it.each<[string, Record<string, string>]>([
      ['an API key', { 'x-api-key': 'cdk_testtesttesttesttesttesttesttest' }],
      ['a token', { authorization: 'Bearer abc' }],
    ])('is refused: %s', async (_name, headers) => {
      expect(await codeOf(send(sign(), { headers }))).toBe('401 auth.credential_ambiguous');
    });

    it('is refused: a second signature', async () => {
      const [one, other] = [sign({ label: 'one' }), sign({ label: 'two' })];
      const both = (name: string): string => `${one.headers[name]}, ${other.headers[name]}`;
      expect(await codeOf(send(one, { headers: { 'signature-input': both('signature-input'), signature: both('signature') } }))).toBe(`401 ${REFUSED.invalid}`);
    });

    it('is refused: a second Host', async () => {
      const { headers, ...request } = sign({ method: 'GET', target: VISITORS, body: undefined });
      const fields = [...Object.entries(headers).flat(), 'Host', new URL(cluster.a.url).host, 'Host', 'other.example'];
      expect(await codeOf(sendRaw(cluster.a.url, { ...request, headers: fields }))).toBe(`401 ${REFUSED.components}`);
    });
  });

  describe('of another time', () => {
    it.each([-301, 301, -86_400, 86_400])('is refused: %d s off', async (seconds) => {
      expect(await codeOf(send(sign({ now: clock.now() + seconds * 1000 })))).toBe(`401 ${REFUSED.expired}`);
    });

    it('is refused when it has expired by its own word', async () => {
      const now = Math.floor(clock.now() / 1000);
      expect(await codeOf(send(sign({ parameters: { expires: now - 2 } })))).toBe(`401 ${REFUSED.expired}`);
    });
  });

  describe('by another key', () => {
    it('is refused: one that does not exist', async () => {
      for (const id of ['sgk_00000000000000000000000000', 'unknown', '', '../../x']) {
        expect(await codeOf(send(sign({}, { ...key, id })))).toBe(`401 ${REFUSED.credential}`);
      }
    });

    it('is refused: the id of one with the secret of another', async () => {
      const other = await aSigningKey(api, application);
      expect(await codeOf(send(sign({}, { ...other, id: key.id })))).toBe(`401 ${REFUSED.invalid}`);
    });

    it('is refused: the public key taken for a secret, or another algorithm named', async () => {
      const pair = await aSigningKey(api, application, { algorithm: 'ed25519' });
      const confused = { id: pair.id, algorithm: 'hmac-sha256', secret: String(pair['public_key']) };
      expect(await codeOf(send(sign({}, confused)))).toBe(`401 ${REFUSED.invalid}`);
      for (const alg of ['hmac-sha256', 'none', 'rsa-pss-sha512', '']) expect(await codeOf(send(sign({ parameters: { alg } }, pair)))).toBe(`401 ${REFUSED.invalid}`);
    });

    it('reaches nothing of another organization', async () => {
      const made = await send(sign());
      const organization = await api.post('/organizations', { slug: unique('org'), name: 'Other' });
      const there = cluster.a.as({ 'x-api-key': organization.body.api_key.key });
      const by = await aSigningKey(there, await aPlainApplication(there));
      expect(await codeOf(send(sign({ method: 'GET', target: `${VISITORS}/${made.body.id}`, body: undefined }, by)))).toBe('404 visitor.not_found');
    });
  });

  describe('that is repeated', () => {
    it('is refused, on whichever instance', async () => {
      const { host } = new URL(cluster.a.url);
      const request = sign();
      expect(await codeOf(send(request))).toBe('201 ');
      for (const on of [cluster.a, cluster.b]) expect(await codeOf(send(request, { headers: { host } }, on))).toBe('401 auth.signature_replayed');
    });

    it('is taken once of many at once', async () => {
      const { host } = new URL(cluster.a.url);
      const request = sign();
      const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => codeOf(send(request, { headers: { host } }, cluster.each(index)))));
      expect(answers.filter((answer) => answer === '201 ')).toHaveLength(1);
      expect(answers.filter((answer) => answer === '401 auth.signature_replayed')).toHaveLength(11);
    });

    it('is refused by its nonce, whatever else is new', async () => {
      const nonce = unique('nonce');
      expect(await codeOf(send(sign({ nonce })))).toBe('201 ');
      expect(await codeOf(send(sign({ nonce, method: 'GET', body: undefined, now: clock.now() - 60_000 })))).toBe('401 auth.signature_replayed');
      expect(await codeOf(send(sign({ nonce }, await aSigningKey(api, application))))).toBe('201 ');
    });

    it('is refused to its last second and beyond', async () => {
      const request = sign({ now: clock.now() + 290_000 });
      expect(await codeOf(send(request))).toBe('201 ');
      for (const seconds of [0, 290, 290]) {
        clock.advance(seconds * 1000);
        expect(await codeOf(send(request))).toBe('401 auth.signature_replayed');
      }
      clock.advance(20_000);
      expect(await codeOf(send(request))).toBe(`401 ${REFUSED.expired}`);
    });

    it('does not use the nonce up for who cannot sign', async () => {
      const request = sign();
      expect(await codeOf(send(request, { body: '{"external_id":"other"}' }))).toBe(`401 ${REFUSED.digest}`);
      expect(await codeOf(send(request, { headers: { signature: 'sig=:AAAA:' } }))).toBe(`401 ${REFUSED.invalid}`);
      expect(await codeOf(send(request))).toBe('201 ');
    });
  });
});

describe('a signed request behind a proxy that is trusted', () => {
  let app: Cluster;

  beforeAll(async () => {
    app = await startCluster({ env: { TRUST_PROXY: '127.0.0.0/8' } });
  });

  afterAll(() => app.close());

  it('is signed for the host and scheme that the proxy was asked for', async () => {
    const { api, url } = app.a;
    const key = await aSigningKey(api, await aPlainApplication(api));
    const get = (host: string, forwarded: Record<string, string>): Promise<SignedAnswer> => {
      const request = { method: 'GET', target: '/api/v1/auth/me', now: Date.now() };
      return sendRaw(url, { ...request, headers: { ...signedHeaders(`http://${host}`, key, request), ...forwarded } });
    };
    expect((await get('desk.example', { 'x-forwarded-host': 'desk.example' })).status).toBe(200);
    expect((await get('desk.example', { 'x-forwarded-host': 'desk.example:443', 'x-forwarded-proto': 'https' })).status).toBe(200);
    expect((await get('desk.example', { 'x-forwarded-host': 'desk.example:443' })).body.code).toBe('auth.signature_invalid');
    expect((await get('desk.example', { 'x-forwarded-host': 'other.example' })).body.code).toBe('auth.signature_invalid');
    expect((await get('desk.example', {})).body.code).toBe('auth.signature_invalid');
  });
});
