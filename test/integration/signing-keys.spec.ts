import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyUsage } from '../../src/modules/auth/applications/key-usage.js';
import { SigningKeyCleanup } from '../../src/modules/auth/signature/signing-key-cleanup.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { aPlainApplication, aSigningKey, anApiKey } from '../support/integrations.js';
import { sendRaw, signedHeaders } from '../support/signed-request.js';
import type { SignedAnswer, SigningKey } from '../support/signed-request.js';
import type { Caller, TestApp } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

describe('the signing keys of an application', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const keysOf = (application: Resource): string => `/applications/${application.id}/signing-keys`;

  function me(key: SigningKey, on: TestApp = cluster.a): Promise<SignedAnswer> {
    const request = { method: 'GET', target: '/api/v1/auth/me', now: clock.now() };
    return sendRaw(on.url, { ...request, headers: signedHeaders(on.url, key, request) });
  }

  async function expectGood(key: SigningKey): Promise<void> {
    for (const on of [cluster.a, cluster.b]) expect((await me(key, on)).status).toBe(200);
  }

  /** The instance that was told refuses at once, the other one within the second. */
  async function expectRefused(key: SigningKey): Promise<void> {
    expect(await me(key)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    await expect.poll(async () => (await me(key, cluster.b)).status, { timeout: 1000, interval: 10 }).toBe(401);
  }

  it('are shown once, with what is secret of them', async () => {
    const application = await aPlainApplication(api);
    const shared = await api.post(keysOf(application), {});
    expect([shared.status, shared.body]).toEqual([201, {
      id: expect.stringMatching(/^sgk_[0-9a-z]{26}$/), name: 'Signing key', algorithm: 'hmac-sha256', public_key: null, secret: expect.stringMatching(/^sgs_[\w-]{43}$/),
      created_at: expect.any(String), expires_at: null, last_used_at: null,
    }]);
    expect(shared.headers.get('location')).toBe(`/api/v1${keysOf(application)}/${shared.body.id}`);
    const pair = await api.post(keysOf(application), { name: 'Pair', algorithm: 'ed25519' });
    expect(pair.body).toMatchObject({ algorithm: 'ed25519', public_key: expect.stringContaining('BEGIN PUBLIC KEY'), private_key: expect.stringContaining('BEGIN PRIVATE KEY') });
    expect(pair.body).not.toHaveProperty('secret');

    const { secret, ...sharedAfterwards } = shared.body;
    const { private_key: privateKey, ...pairAfterwards } = pair.body;
    const listed = await api.get(`${keysOf(application)}?sort=created_at`);
    const got = await api.get(`${keysOf(application)}/${pair.body.id}`);
    expect([listed.body.data, got.body]).toEqual([[sharedAfterwards, pairAfterwards], pairAfterwards]);
    const [stored] = await cluster.a.app.get(UnitOfWork).query<{ secret: string }>('SELECT secret FROM signing_keys WHERE id = ?', [shared.body.id]);
    for (const text of [listed.text, got.text, stored!.secret]) expect(text).not.toMatch(new RegExp(`${secret}|${privateKey.split('\n')[1]}`));
  });

  it.each([
    ['an unknown algorithm', { algorithm: 'rsa-pss-sha512' }, 'algorithm'],
    ['a public key for a secret', { public_key: 'x' }, 'public_key'],
    ['a time that has passed', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['a secret of the caller', { secret: 'mine' }, 'secret'],
    ['no key', { algorithm: 'ed25519', public_key: 'x' }, 'public_key'],
    ['a damaged key', { algorithm: 'ed25519', public_key: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }, 'public_key'],
    ['a key of another kind', { algorithm: 'ed25519', public_key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }) }, 'public_key'],
    ['a private key', { algorithm: 'ed25519', public_key: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) }, 'public_key'],
  ])('are not made of %s', async (_name, input, field) => {
    const application = await aPlainApplication(api);
    const answer = await api.post(keysOf(application), input);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field }] } });
    expect((await api.get(keysOf(application))).body.data).toEqual([]);
  });

  it('are of their application, and of nobody else', async () => {
    const [application, other] = [await aPlainApplication(api), await aPlainApplication(api)];
    const key = await aSigningKey(api, application);
    for (const answer of [await api.get(`${keysOf(other)}/${key.id}`), await api.delete(`${keysOf(other)}/${key.id}`), await api.post(`${keysOf(other)}/${key.id}/rotate`, {})]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'signing_key.not_found' } });
    }
    expect((await api.get('/applications/app_00000000000000000000000000/signing-keys')).body.code).toBe('application.not_found');
    await expectGood(key);
  });

  it('are not given by those who may do less than the application', async () => {
    const application = await aPlainApplication(api);
    const weak = await anApiKey(api, await aPlainApplication(api, { scopes: ['applications:write'] }));
    const answer = await cluster.a.as({ 'x-api-key': weak['key'] }).post(keysOf(application), {});
    expect(answer).toMatchObject({ status: 403, body: { code: 'application.scope_not_held' } });
  });

  it('are refused everywhere once they are revoked', async () => {
    const application = await aPlainApplication(api);
    const [key, other] = [await aSigningKey(api, application), await aSigningKey(api, application)];
    await expectGood(key);
    expect((await api.delete(`${keysOf(application)}/${key.id}`)).status).toBe(204);
    await expectRefused(key);
    expect((await api.get(`${keysOf(application)}/${key.id}`)).status).toBe(404);
    expect((await api.delete(`${keysOf(application)}/${key.id}`)).status).toBe(404);
    await expectGood(other);
  });

  it('follow their application', async () => {
    const application = await aPlainApplication(api, { scopes: ['visitors:read'] });
    const key = await aSigningKey(api, application);
    await expectGood(key);
    await api.put(`/applications/${application.id}`, { scopes: ['agents:read'] });
    for (const on of [cluster.a, cluster.b]) await expect.poll(async () => (await me(key, on)).body.scopes, { timeout: 1000, interval: 10 }).toEqual(['agents:read']);
    await api.put(`/applications/${application.id}`, { enabled: false });
    await expectRefused(key);
    await api.put(`/applications/${application.id}`, { enabled: true });
    await expectGood(key);
    await api.delete(`/applications/${application.id}`);
    await expectRefused(key);
    expect(await cluster.a.app.get(UnitOfWork).query('SELECT id FROM signing_keys WHERE application_id = ?', [application.id])).toEqual([]);
  });

  it('are confined to the addresses of their application', async () => {
    const key = await aSigningKey(api, await aPlainApplication(api, { ip_allowlist: ['203.0.113.0/24'] }));
    expect(await me(key)).toMatchObject({ status: 403, body: { code: 'auth.address_not_allowed' } });
  });

  it('end by themselves', async () => {
    const application = await aPlainApplication(api);
    const key = await aSigningKey(api, application, { expires_at: new Date(clock.now() + HOUR).toISOString() });
    await expectGood(key);
    clock.advance(HOUR);
    await expectRefused(key);
    expect((await api.post(`${keysOf(application)}/${key.id}/rotate`, {})).body.code).toBe('signing_key.expired');
  });

  it.each([['hmac-sha256', 'secret'], ['ed25519', 'private_key']])('are good for the overlap when they are rotated: %s', async (algorithm, secret) => {
    const application = await aPlainApplication(api);
    const old = await aSigningKey(api, application, { name: 'Production', algorithm });
    const next = (await created(api.post(`${keysOf(application)}/${old.id}/rotate`, { overlap_seconds: 600 }))) as Resource & SigningKey;
    expect(next).toMatchObject({ name: 'Production', algorithm, expires_at: null });
    expect(next[secret]).not.toBe(old[secret]);
    expect((await api.post(`${keysOf(application)}/${old.id}/rotate`, {})).body.code).toBe('signing_key.rotated');
    await expectGood(old);
    await expectGood(next);
    clock.advance(601_000);
    await expectRefused(old);
    await expectGood(next);
  });

  it('can be rotated to the next key of the caller\'s own, at once', async () => {
    const application = await aPlainApplication(api);
    const old = await aSigningKey(api, application, { algorithm: 'ed25519' });
    const { publicKey, privateKey } = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    const next = (await created(api.post(`${keysOf(application)}/${old.id}/rotate`, { overlap_seconds: 0, public_key: publicKey }))) as Resource & SigningKey;
    expect(next).not.toHaveProperty('private_key');
    await expectGood({ ...next, private_key: privateKey });
    await expectRefused(old);
  });

  it('say when they were used last, to the minute', async () => {
    const application = await aPlainApplication(api);
    const [used, unused] = [await aSigningKey(api, application), await aSigningKey(api, application)];
    expect((await me({ ...used, secret: 'wrong' })).status).toBe(401);
    const at = clock.now();
    await expectGood(used);
    for (const on of [cluster.a, cluster.b]) await on.app.get(KeyUsage).write();
    const { body } = await api.get(keysOf(application));
    const lastUse = (key: Resource): string | null => body.data.find((shown: Resource) => shown.id === key.id).last_used_at;
    expect(Date.parse(lastUse(used)!)).toBeGreaterThanOrEqual(at);
    expect(lastUse(unused)).toBeNull();
  });

  it('are deleted a month after their end', async () => {
    const application = await aPlainApplication(api);
    const [revoked, kept] = [await aSigningKey(api, application), await aSigningKey(api, application)];
    await api.delete(`${keysOf(application)}/${revoked.id}`);
    const left = async (): Promise<string[]> => {
      await cluster.a.app.get(SigningKeyCleanup).run();
      const rows = await cluster.a.app.get(UnitOfWork).query<{ id: string }>('SELECT id FROM signing_keys WHERE application_id = ?', [application.id]);
      return rows.map(({ id }) => id).toSorted();
    };
    clock.advance(29 * DAY);
    expect(await left()).toEqual([revoked.id, kept.id].toSorted());
    clock.advance(2 * DAY);
    expect(await left()).toEqual([kept.id]);
    await expectGood(kept);
  });

  it('leave a trace in the audit log, without what is secret', async () => {
    const application = await aPlainApplication(api);
    const key = await aSigningKey(api, application);
    const next = await created(api.post(`${keysOf(application)}/${key.id}/rotate`, {}));
    await api.delete(`${keysOf(application)}/${key.id}`);
    const { body, text } = await api.get('/audit-logs?limit=100');
    const actions = body.data.filter((entry: any) => entry.target_id === key.id).map((entry: any) => entry.action);
    expect(actions.toSorted()).toEqual(['signing_key.created', 'signing_key.revoked', 'signing_key.rotated']);
    for (const { secret } of [key, next as Resource & SigningKey]) expect(text).not.toContain(secret);
  });
});
