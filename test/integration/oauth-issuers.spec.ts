import { exportJWK, generateKeyPair } from 'jose';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anOrganization } from '../support/desk.js';
import { anApplication, anOauthClient } from '../support/oauth.js';
import type { RegisteredClient } from '../support/oauth.js';
import { startOutsideIssuer } from '../support/outside-issuer.js';
import type { OutsideIssuer } from '../support/outside-issuer.js';
import { connectSocket } from '../support/socket-client.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const PUBLIC_URL = 'https://desk.example.com';

describe('access tokens of an outside issuer', () => {
  const clock = new TestClock();
  let issuer: OutsideIssuer;
  let stranger: OutsideIssuer;
  let cluster: Cluster;
  let api: Caller;
  let client: RegisteredClient;

  beforeAll(async () => {
    [issuer, stranger] = [await startOutsideIssuer('/realms/shop'), await startOutsideIssuer()];
    await issuer.addKey('es', 'ES256');
    for (const algorithm of ['RS256', 'PS256', 'EdDSA']) await issuer.addKey(algorithm, algorithm);
    await stranger.addKey('es', 'ES256');
    cluster = await startCluster({ clock, env: { PUBLIC_URL, OAUTH_TRUSTED_ISSUERS: `https://never-asked.example, ${issuer.url}` } });
    api = cluster.a.api;
    client = await anOauthClient(api);
  });

  afterAll(async () => {
    await cluster.close();
    await issuer.close();
    await stranger.close();
  });

  const now = (): number => Math.floor(clock.now() / 1000);
  const claims = (over: JWTPayload = {}): JWTPayload => ({
    iss: issuer.url, aud: `${PUBLIC_URL}/api/v1`, sub: 'somebody', client_id: client.id, scope: 'messages:read conversations:read agents:write', iat: now(), exp: now() + 300, ...over,
  });
  const without = (...names: string[]): JWTPayload => Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)));
  const me = (token: string, on = cluster.a): Promise<Answer> => on.as({ authorization: `Bearer ${token}` }).get('/auth/me');
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each(['es', 'RS256', 'PS256', 'EdDSA'])('are accepted with the key %s, and may do what the application may', async (kid) => {
    for (const on of [cluster.a, cluster.b]) {
      const { status, body } = await me(await issuer.token(claims(), { kid }), on);
      expect([status, body]).toEqual([200, expect.objectContaining({ kind: 'oauth_client', id: client.id, scopes: expect.any(Array) })]);
      expect(body.scopes.toSorted()).toEqual(['conversations:read', 'messages:read']);
    }
  });

  it('name an OAuth client or an application, by client_id or azp', async () => {
    const { application } = client;
    for (const over of [{ client_id: application.id }, { client_id: undefined, azp: client.id }, { client_id: undefined, azp: application.id }]) {
      const { status, body } = await me(await issuer.token(claims(over)));
      expect([status, body.organization_id]).toEqual([200, expect.stringMatching(/^org_/)]);
    }
    expect((await me(await issuer.token(claims({ aud: ['https://other.example', `${PUBLIC_URL}/api/v1`] })))).status).toBe(200);
    expect((await me(await issuer.token(claims({ scope: undefined, scp: ['messages:read'] })))).body.scopes).toEqual(['messages:read']);
    expect((await me(await issuer.token(claims({ scope: undefined })))).body.scopes).toEqual([]);
  });

  it('are of the organization that the client is in', async () => {
    const { organization, api: theirs } = await anOrganization(cluster.a);
    const other = await anOauthClient(theirs);
    expect((await me(await issuer.token(claims({ client_id: other.id })))).body.organization_id).toBe(organization.id);
  });

  const forged: [string, () => Promise<string> | string][] = [
    ['alg none', () => `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims())}.`],
    ['alg none in capitals, with a signature', async () => `${encode({ alg: 'NONE', kid: 'es' })}.${encode(claims())}.${(await issuer.token(claims())).split('.')[2]}`],
    ['HS256 with the public key as its secret', async () => issuer.token(claims(), { alg: 'HS256', kid: 'RS256' }, Buffer.from(JSON.stringify(issuer.publicKeys().find(({ kid }) => kid === 'RS256'))))],
    ['another key under a known kid', async () => issuer.token(claims(), { kid: 'es' }, (await generateKeyPair('ES256')).privateKey)],
    ['a key of its own in the header', async () => {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
      return issuer.token(claims(), { kid: 'mine', jwk: await exportJWK(publicKey) }, privateKey);
    }],
    ['an unknown kid', async () => issuer.token(claims(), { kid: 'unknown' }, (await generateKeyPair('ES256')).privateKey)],
    ['an issuer that is not trusted', async () => stranger.token(claims({ iss: stranger.url }))],
    ['a trusted name and a key of somebody else', async () => stranger.token(claims())],
    ['another name of the issuer', async () => issuer.token(claims({ iss: `${issuer.url}/` }))],
    ['no issuer', async () => issuer.token(without('iss'))],
    ['an issuer that is no text', async () => issuer.token({ ...claims(), iss: [issuer.url] as unknown as string })],
    ['another audience', async () => issuer.token(claims({ aud: 'https://elsewhere.example/api/v1' }))],
    ['the issuer as its audience', async () => issuer.token(claims({ aud: PUBLIC_URL }))],
    ['no audience', async () => issuer.token(without('aud'))],
    ['an end that has passed', async () => issuer.token(claims({ exp: now() - 10 }))],
    ['no end', async () => issuer.token(without('exp'))],
    ['an end that is no number', async () => issuer.token({ ...claims(), exp: 'never' as unknown as number })],
    ['a beginning to come', async () => issuer.token(claims({ nbf: now() + 60 }))],
    ['no client', async () => issuer.token(without('client_id'))],
    ['an unknown client', async () => issuer.token(claims({ client_id: 'oac_00000000000000000000000000' }))],
    ['a client that is no text', async () => issuer.token(claims({ client_id: { $gt: '' } }))],
    ['an agent for its client', async () => issuer.token(claims({ client_id: '__proto__' }))],
    ['changed claims', async () => (await issuer.token(claims())).split('.').map((part, index) => (index === 1 ? encode(claims({ scope: '*' })) : part)).join('.')],
    ['a critical header that nobody knows', async () => issuer.token(claims(), { crit: ['x'], x: 1 } as never).catch(() => `${encode({ alg: 'ES256', kid: 'es', crit: ['x'], x: 1 })}.${encode(claims())}.AAAA`)],
    ['no signature', async () => `${(await issuer.token(claims())).split('.').slice(0, 2).join('.')}.`],
    ['five parts', async () => `${await issuer.token(claims())}.AAAA.AAAA`],
    ['claims that are no object', () => `${encode({ alg: 'ES256', kid: 'es' })}.${encode([1])}.AAAA`],
    ['nothing that can be read', () => '%%%.%%%.%%%'],
  ];

  it.each(forged)('are refused with %s', async (_, make) => {
    const token = await make();
    expect(await me(token)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    await expect(connectSocket(cluster.a.url, token)).rejects.toMatchObject({ code: 'auth.credential_invalid' });
  });

  it('are allowed five seconds of difference between clocks, and no more', async () => {
    expect((await me(await issuer.token(claims({ exp: now() - 3 })))).status).toBe(200);
    expect((await me(await issuer.token(claims({ nbf: now() + 3 })))).status).toBe(200);
    expect((await me(await issuer.token(claims({ exp: now() - 7 })))).status).toBe(401);
    expect((await me(await issuer.token(claims({ nbf: now() + 8 })))).status).toBe(401);
  });

  it('ask for the keys again when one is unknown, and not for each token', async () => {
    const before = issuer.keyRequests;
    const { privateKey } = await generateKeyPair('ES256');
    for (let index = 0; index < 5; index++) expect((await me(await issuer.token(claims(), { kid: `unknown-${index}` }, privateKey))).status).toBe(401);
    expect(issuer.keyRequests - before).toBeLessThanOrEqual(1);
  });

  it('end with their client and its application', async () => {
    const other = await anOauthClient(api, {}, await anApplication(api));
    const token = await issuer.token(claims({ client_id: other.id, exp: now() + 3600 }));
    for (const on of [cluster.a, cluster.b]) expect((await me(token, on)).status).toBe(200);
    expect((await api.put(`/applications/${other.application.id}`, { enabled: false })).status).toBe(200);
    for (const on of [cluster.a, cluster.b]) await expect.poll(async () => (await me(token, on)).status, { timeout: 1000, interval: 10 }).toBe(401);
    expect((await api.put(`/applications/${other.application.id}`, { enabled: true })).status).toBe(200);
    for (const on of [cluster.a, cluster.b]) await expect.poll(async () => (await me(token, on)).status, { timeout: 1000, interval: 10 }).toBe(200);
    expect((await api.delete(other.path)).status).toBe(204);
    for (const on of [cluster.a, cluster.b]) await expect.poll(async () => (await me(token, on)).status, { timeout: 1000, interval: 10 }).toBe(401);
  });

  it('open sockets', async () => {
    const reader = await anOauthClient(api, {}, await anApplication(api, { scopes: ['events:read'] }));
    const socket = await connectSocket(cluster.b.url, await issuer.token(claims({ client_id: reader.id, scope: 'events:read' })));
    expect(socket.ready.position).toBeGreaterThanOrEqual(0);
    socket.close();
  });

  it('are neither accepted nor refused while the issuer cannot be reached', async () => {
    const broken = await startOutsideIssuer();
    await broken.addKey('es', 'ES256');
    broken.status = 500;
    const other = await startCluster({ env: { PUBLIC_URL, OAUTH_TRUSTED_ISSUERS: broken.url }, clock });
    const owner = await anOauthClient(other.a.api);
    const token = await broken.token(claims({ iss: broken.url, client_id: owner.id }));
    expect(await me(token, other.a)).toMatchObject({ status: 503, body: { code: 'auth.issuer_unavailable' } });
    broken.status = 200;
    clock.advance(6000);
    expect((await me(await broken.token(claims({ iss: broken.url, client_id: owner.id })), other.a)).status).toBe(200);
    await other.close();
    await broken.close();
  });
});
