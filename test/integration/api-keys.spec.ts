import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeyCleanup } from '../../src/modules/auth/api-keys/api-key-cleanup.js';
import { KeyUsage } from '../../src/modules/auth/applications/key-usage.js';
import { sha256 } from '../../src/platform/crypto/hash.js';
import { insertRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anOrganization, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { aPlainApplication, anApiKey } from '../support/integrations.js';
import { connectSocket } from '../support/socket-client.js';
import type { Answer, Caller, TestApp } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('the API keys of an application', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const by = (key: Resource, on: TestApp = cluster.a): Caller => on.as({ 'x-api-key': key['key'] });
  const me = (key: Resource, on?: TestApp): Promise<Answer> => by(key, on).get('/auth/me');
  const keysOf = (application: Resource): string => `/applications/${application.id}/api-keys`;

  /** A key that both instances have just seen, so that both may hold it in a cache. */
  async function aUsedKey(application: Resource, over: Record<string, unknown> = {}): Promise<Resource> {
    const key = await anApiKey(api, application, over);
    for (const on of [cluster.a, cluster.b]) expect((await me(key, on)).status).toBe(200);
    return key;
  }

  /** The instance that was told refuses at once, the other one within the second. */
  async function expectRefused(key: Resource): Promise<void> {
    expect(await me(key)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    await expect.poll(async () => (await me(key, cluster.b)).status, { timeout: 1000, interval: 10 }).toBe(401);
  }

  /** No word has to travel for these: the time has come on every instance. */
  async function expectRefusedEverywhere(key: Resource): Promise<void> {
    expect([(await me(key)).status, (await me(key, cluster.b)).status]).toEqual([401, 401]);
  }

  async function expectGood(key: Resource): Promise<void> {
    for (const on of [cluster.a, cluster.b]) expect((await me(key, on)).status).toBe(200);
  }

  it('are shown once, and known by their end from then on', async () => {
    const application = await aPlainApplication(api, { scopes: ['messages:read', 'messages:write'] });
    const answer = await api.post(keysOf(application), { name: 'Production' });
    expect(answer.status).toBe(201);
    const { key, ...shown } = answer.body;
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^key_[0-9a-z]{26}$/), name: 'Production', key: expect.stringMatching(/^cdk_[\w-]{40}$/), scopes: ['messages:read', 'messages:write'],
      hint: key.slice(-4), created_at: expect.any(String), expires_at: null, last_used_at: null,
    });
    expect(answer.headers.get('location')).toBe(`/api/v1${keysOf(application)}/${shown.id}`);
    const got = await api.get(`${keysOf(application)}/${shown.id}`);
    const listed = await api.get(keysOf(application));
    expect([got.body, listed.body.data]).toEqual([shown, [shown]]);
    for (const { text } of [got, listed]) {
      expect(text).not.toContain(key);
      expect(text).not.toContain(sha256(key));
    }
  });

  it('are of their application for whoever asks', async () => {
    const application = await aPlainApplication(api, { scopes: ['agents:read'] });
    const key = await aUsedKey(application);
    expect((await me(key)).body).toMatchObject({ kind: 'api_key', id: key.id, application_id: application.id, scopes: ['agents:read'], agent: null });
    expect((await api.get('/auth/me')).body.application_id).toBeNull();
    expect((await by(key).get('/agents')).status).toBe(200);
    expect(await by(key).get('/visitors')).toMatchObject({ status: 403, body: { code: 'auth.scope_missing', required_scope: 'visitors:read' } });
  });

  it('may do what they were given as far as their application may, whatever that becomes', async () => {
    const application = await aPlainApplication(api, { scopes: ['agents:read', 'visitors:read'] });
    const whole = await aUsedKey(application);
    const part = await aUsedKey(application, { scopes: ['agents:read', 'crm:read'] });
    const scopes = async (on: TestApp): Promise<string[][]> => [(await me(whole, on)).body.scopes.toSorted(), (await me(part, on)).body.scopes.toSorted()];
    const expectScopes = async (...wanted: string[][]): Promise<void> => {
      expect(await scopes(cluster.a)).toEqual(wanted);
      await expect.poll(() => scopes(cluster.b), { timeout: 1000, interval: 10 }).toEqual(wanted);
      const shown = (await api.get(`${keysOf(application)}?sort=created_at`)).body.data as { scopes: string[] }[];
      expect(shown.map((key) => key.scopes.toSorted())).toEqual(wanted);
    };
    await expectScopes(['agents:read', 'visitors:read'], ['agents:read']);
    await api.put(`/applications/${application.id}`, { scopes: ['visitors:read'] });
    await expectScopes(['visitors:read'], []);
    await api.put(`/applications/${application.id}`, { scopes: ['*'] });
    await expectScopes(['*'], ['agents:read', 'crm:read']);
  });

  it('are refused everywhere once they are revoked', async () => {
    const application = await aPlainApplication(api);
    const [key, other] = [await aUsedKey(application), await aUsedKey(application)];
    expect((await api.delete(`${keysOf(application)}/${key.id}`)).status).toBe(204);
    await expectRefused(key);
    await expectGood(other);
    const again = [await api.delete(`${keysOf(application)}/${key.id}`), await api.get(`${keysOf(application)}/${key.id}`), await api.post(`${keysOf(application)}/${key.id}/rotate`, {})];
    for (const { status, body } of again) expect({ status, code: body.code }).toEqual({ status: 404, code: 'api_key.not_found' });
    expect((await api.get(keysOf(application))).body.data.map(({ id }: Resource) => id)).toEqual([other.id]);
  });

  it('are refused while their application is disabled', async () => {
    const application = await aPlainApplication(api);
    const key = await aUsedKey(application);
    await api.put(`/applications/${application.id}`, { enabled: false });
    await expectRefused(key);
    await api.put(`/applications/${application.id}`, { enabled: true });
    await expectGood(key);
  });

  it('end with their application', async () => {
    const application = await aPlainApplication(api);
    const key = await aUsedKey(application);
    const stays = await aUsedKey(await aPlainApplication(api));
    expect((await api.delete(`/applications/${application.id}`)).status).toBe(204);
    await expectRefused(key);
    await expectGood(stays);
  });

  it('take their sockets with them', async () => {
    for (const end of ['revoked', 'disabled', 'deleted'] as const) {
      const application = await aPlainApplication(api);
      const key = await anApiKey(api, application);
      const clients = await Promise.all([cluster.a, cluster.b].map(({ url }) => connectSocket(url, key['key'])));
      const stays = await connectSocket(cluster.b.url, (await anApiKey(api, await aPlainApplication(api)))['key']);
      const ended = Promise.all(clients.map(({ socket }) => new Promise<string>((resolve) => socket.once('disconnect', resolve))));
      if (end === 'revoked') await api.delete(`${keysOf(application)}/${key.id}`);
      if (end === 'disabled') await api.put(`/applications/${application.id}`, { enabled: false });
      if (end === 'deleted') await api.delete(`/applications/${application.id}`);
      expect(await ended).toEqual(['io server disconnect', 'io server disconnect']);
      await expect(connectSocket(cluster.b.url, key['key'])).rejects.toMatchObject({ code: 'auth.credential_invalid' });
      expect(stays.socket.connected).toBe(true);
      stays.close();
    }
  });

  describe('that expire', () => {
    const inOneHour = (): string => new Date(clock.now() + HOUR).toISOString();

    it('are good until then, cached or not', async () => {
      const key = await aUsedKey(await aPlainApplication(api), { expires_at: inOneHour() });
      clock.advance(HOUR - 5000);
      await expectGood(key);
      clock.advance(5000);
      await expectRefusedEverywhere(key);
    });

    it('are taken with an offset, and not from the past', async () => {
      const application = await aPlainApplication(api);
      expect((await anApiKey(api, application, { expires_at: '2099-01-01T02:00:00+02:00' }))['expires_at']).toBe('2099-01-01T00:00:00.000Z');
      expect((await anApiKey(api, application, { expires_at: null }))['expires_at']).toBeNull();
      const refused = [new Date(clock.now() - 1).toISOString(), '2020-01-01T00:00:00Z', '2099-02-30T00:00:00Z', '2099-01-01', '2099-01-01T00:00:00', '2099-01-01T00:00:00 02:00', 4102444800000, true, ''];
      for (const expires_at of refused) {
        const { status, body } = await api.post(keysOf(application), { name: 'x', expires_at });
        expect({ expires_at, status, field: body.errors?.[0]?.field }).toEqual({ expires_at, status: 422, field: 'expires_at' });
      }
    });

    it('live as long again when they are rotated in time', async () => {
      const application = await aPlainApplication(api);
      const key = await anApiKey(api, application, { expires_at: new Date(clock.now() + 10 * DAY).toISOString() });
      clock.advance(9 * DAY);
      const { body } = await api.post(`${keysOf(application)}/${key.id}/rotate`, { overlap_seconds: 3 * 24 * 3600 });
      expect(Math.abs(Date.parse(body.expires_at) - (clock.now() + 10 * DAY))).toBeLessThan(MINUTE);
      // The overlap does not make it live longer.
      expect((await api.get(`${keysOf(application)}/${key.id}`)).body.expires_at).toBe(key['expires_at']);
    });
  });

  describe('that are rotated', () => {
    const rotate = (application: Resource, key: Resource, body: unknown = {}): Promise<Answer> => api.post(`${keysOf(application)}/${key.id}/rotate`, body);

    it('go on for the overlap beside the new one', async () => {
      const application = await aPlainApplication(api);
      const old = await aUsedKey(application, { name: 'Production', scopes: ['agents:read'] });
      const rotated = await rotate(application, old, { overlap_seconds: 3600 });
      expect(rotated).toMatchObject({ status: 201, body: { name: 'Production', scopes: ['agents:read'], expires_at: null } });
      expect(rotated.headers.get('location')).toBe(`/api/v1${keysOf(application)}/${rotated.body.id}`);
      expect([rotated.body.id, rotated.body.key]).not.toEqual([old.id, old['key']]);
      const shown = (await api.get(`${keysOf(application)}/${old.id}`)).body;
      expect(Math.abs(Date.parse(shown.expires_at) - (clock.now() + HOUR))).toBeLessThan(MINUTE);
      await expectGood(old);
      await expectGood(rotated.body);
      clock.advance(HOUR - MINUTE);
      await expectGood(old);
      clock.advance(MINUTE);
      await expectRefusedEverywhere(old);
      await expectGood(rotated.body);
    });

    it('end at once without an overlap, and after a day where none is given', async () => {
      const application = await aPlainApplication(api);
      const [atOnce, aDay] = [await aUsedKey(application), await aUsedKey(application)];
      await rotate(application, atOnce, { overlap_seconds: 0 });
      await expectRefused(atOnce);
      await rotate(application, aDay);
      clock.advance(DAY - MINUTE);
      await expectGood(aDay);
      clock.advance(MINUTE);
      await expectRefusedEverywhere(aDay);
    });

    it('are rotated once, also by several at the same time', async () => {
      const application = await aPlainApplication(api);
      const key = await anApiKey(api, application);
      const path = `${keysOf(application)}/${key.id}/rotate`;
      const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => cluster.each(index).api.post(path, {})));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
      expect(await rotate(application, key)).toMatchObject({ status: 409, body: { code: 'api_key.rotated' } });
      const next = answers.find(({ status }) => status === 201)!.body;
      expect((await rotate(application, next)).status).toBe(201);
      const expired = await anApiKey(api, application, { expires_at: new Date(clock.now() + MINUTE).toISOString() });
      clock.advance(MINUTE);
      expect(await rotate(application, expired)).toMatchObject({ status: 409, body: { code: 'api_key.expired' } });
    });

    it.each([-1, 604_801, 1.5, '3600', null, true])('cannot overlap for %j seconds', async (overlap_seconds) => {
      const application = await aPlainApplication(api);
      const key = await anApiKey(api, application);
      expect(await rotate(application, key, { overlap_seconds })).toMatchObject({ status: 422, body: { errors: [{ field: 'overlap_seconds' }] } });
      expect((await api.get(`${keysOf(application)}/${key.id}`)).body.expires_at).toBeNull();
    });
  });

  it.each<[string, unknown]>([
    ['name', undefined], ['name', ''], ['name', 'x'.repeat(201)], ['scopes', []], ['scopes', ['messages']], ['scopes', null], ['scopes', ['*', '*']],
    ['id', 'key_01k5x6j3q8v4m2n7p9r1s5t6w0'], ['key', 'cdk_chosenchosenchosenchosen'], ['key_hash', '0'.repeat(64)], ['application_id', 'app_01k5x6j3q8v4m2n7p9r1s5t6w0'],
    ['organization_id', 'org_01k5x6j3q8v4m2n7p9r1s5t6w0'], ['created_at', '2026-03-01T09:30:00.000Z'], ['last_used_at', null], ['revoked_at', null], ['hint', 'abcd'],
  ])('cannot be made with %s %j', async (field, value) => {
    const application = await aPlainApplication(api);
    const { status, body } = await api.post(keysOf(application), { name: 'x', [field]: value });
    expect({ status, code: body.code, field: body.errors?.[0]?.field }).toEqual({ status: 422, code: 'request.invalid', field });
    expect((await api.get(keysOf(application))).body.data).toEqual([]);
  });

  it('are made once for one Idempotency-Key, and answered again', async () => {
    const application = await aPlainApplication(api);
    const headers = { 'idempotency-key': unique('once') };
    const first = await api.post(keysOf(application), { name: 'x' }, headers);
    const again = await cluster.b.api.post(keysOf(application), { name: 'x' }, headers);
    expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', first.body]);
    expect((await api.get(keysOf(application))).body.data).toHaveLength(1);
    await expectGood(first.body);
  });

  it('never make organizations, whosever application it is', async () => {
    const key = await anApiKey(api, await aPlainApplication(api));
    expect((await by(key).post('/organizations', { slug: unique('org'), name: 'x' })).body.code).toBe('organization.operator_only');
    const { api: theirs } = await anOrganization(cluster.a);
    expect((await theirs.get('/auth/me')).body.application_id).toBeNull();
    expect((await theirs.get('/applications')).body.data).toEqual([]);
  });

  describe('in use', () => {
    const lastUse = async (application: Resource, key: Resource): Promise<string | null> => (await api.get(`${keysOf(application)}/${key.id}`)).body.last_used_at;
    const write = async (): Promise<void> => {
      for (const { app } of new Set([cluster.a, cluster.b])) await app.get(KeyUsage).write();
    };

    it('say when, at most once a minute, whichever instance they use', async () => {
      const application = await aPlainApplication(api);
      const key = await aUsedKey(application);
      expect(await lastUse(application, key)).toBeNull();
      await write();
      const first = await lastUse(application, key);
      expect(Math.abs(Date.parse(first!) - clock.now())).toBeLessThan(MINUTE);
      clock.advance(MINUTE / 2);
      await expectGood(key);
      await write();
      expect(await lastUse(application, key)).toBe(first);
      clock.advance(MINUTE / 2);
      await expectGood(key);
      await write();
      expect(Date.parse((await lastUse(application, key))!) - Date.parse(first!)).toBeGreaterThanOrEqual(MINUTE);
    });

    it('keep what they say when they are refused', async () => {
      const application = await aPlainApplication(api);
      const key = await aUsedKey(application, { expires_at: new Date(clock.now() + 2 * MINUTE).toISOString() });
      await write();
      const used = await lastUse(application, key);
      clock.advance(2 * MINUTE);
      await expectRefusedEverywhere(key);
      await write();
      expect(await lastUse(application, key)).toBe(used);
    });
  });

  it('are limited in number, those that have ended not counted', async () => {
    const application = await aPlainApplication(api);
    const mine = await anApiKey(api, application);
    const { organization_id } = (await api.get('/auth/me')).body;
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const columns = ['id', 'organization_id', 'application_id', 'name', 'key_hash', 'scopes', 'created_at', 'expires_at'];
    const rows = Array.from({ length: 1005 }, (_, index) => {
      const id = `key_${application.id.slice(4, 14)}${String(index).padStart(16, '0')}`;
      return [id, organization_id, application.id, 'many', sha256(id), '["*"]', index, index < 6 ? 7 : null];
    });
    await unitOfWork.run(() => insertRows(unitOfWork, 'api_keys', columns, rows));
    expect(await api.post(keysOf(application), { name: 'one more' })).toMatchObject({ status: 409, body: { code: 'api_key.too_many' } });
    expect(await api.post(`${keysOf(application)}/${mine.id}/rotate`, {})).toMatchObject({ status: 409, body: { code: 'api_key.too_many' } });
    await api.delete(`${keysOf(application)}/${rows[6]![0]}`);
    expect((await api.post(keysOf(application), { name: 'one more' })).status).toBe(201);
  });

  it('are forgotten a month after they ended', async () => {
    const application = await aPlainApplication(api);
    const [stays, revoked] = [await anApiKey(api, application), await anApiKey(api, application)];
    const expired = await anApiKey(api, application, { expires_at: new Date(clock.now() + MINUTE).toISOString() });
    await api.delete(`${keysOf(application)}/${revoked.id}`);
    const kept = async (): Promise<string[]> => {
      const rows = await cluster.a.app.get(UnitOfWork).query<{ id: string }>('SELECT id FROM api_keys WHERE application_id = ? ORDER BY created_at, id', [application.id]);
      return rows.map(({ id }) => id);
    };
    clock.advance(30 * DAY - MINUTE);
    await cluster.a.app.get(ApiKeyCleanup).run();
    expect(await kept()).toEqual([stays.id, revoked.id, expired.id]);
    expect((await api.get(`${keysOf(application)}/${expired.id}`)).status).toBe(200);
    clock.advance(3 * MINUTE);
    await cluster.a.app.get(ApiKeyCleanup).run();
    expect(await kept()).toEqual([stays.id]);
    await expectGood(stays);
    expect((await api.get('/auth/me')).status).toBe(200);
  });
});
