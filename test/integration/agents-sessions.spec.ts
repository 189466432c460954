import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RefreshTokenCleanup } from '../../src/modules/auth/jwt/refresh-token-cleanup.js';
import { RefreshTokens } from '../../src/modules/auth/jwt/refresh-tokens.js';
import { TokenKeyEntity } from '../../src/modules/auth/jwt/token.entity.js';
import { insertRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aLogin, anAgent, anOrganization, unique } from '../support/desk.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const PASSWORD = 'the password of an agent';

describe('the log-in of an agent', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const login = (username: string, password = PASSWORD, organization?: string): Promise<Answer> =>
    cluster.a.as({}).post('/auth/login', { username, password, organization });
  const refresh = (refreshToken: string, on = cluster.a): Promise<Answer> => on.as({}).post('/auth/refresh', { refresh_token: refreshToken });
  const me = (token: string, on = cluster.a): Promise<Answer> => on.as({ authorization: `Bearer ${token}` }).get('/auth/me');

  const tokensKept = async (where = ''): Promise<number> =>
    Number((await cluster.a.app.get(UnitOfWork).query<{ n: number }>(`SELECT COUNT(*) AS n FROM refresh_tokens ${where}`))[0]!.n);

  /** Other instances hear of it by a message, so they may take a moment; this one may not. */
  async function expectRefused(token: string): Promise<void> {
    expect(await me(token)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    await expect.poll(async () => (await me(token, cluster.b)).status, { timeout: 1000, interval: 10 }).toBe(401);
  }

  async function anAccount() {
    const agent = await anAgent(api, { password: PASSWORD });
    const { body } = await login(agent['username']);
    // Both instances have seen the token, so that both may hold it in a cache.
    expect((await me(body.access_token)).body).toMatchObject({ kind: 'agent', id: agent.id });
    expect((await me(body.access_token, cluster.b)).status).toBe(200);
    return { agent, path: `/agents/${agent.id}`, access: body.access_token as string, refreshToken: body.refresh_token as string };
  }

  it('answers a pair of tokens and who logged in', async () => {
    const agent = await anAgent(api, { password: PASSWORD, department: 'support' });
    const { status, body } = await login(agent['username']);
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), refresh_token: expect.stringMatching(/^cdr_/), token_type: 'Bearer', expires_in: 900,
      agent: { id: agent.id, username: agent['username'], role: 'agent', organization_id: expect.stringMatching(/^org_/), department: 'support' },
    });
    expect((await me(body.access_token)).body.agent).toEqual(body.agent);
  });

  it('fails in one way, whatever was wrong', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const withoutPassword = await anAgent(api);
    const disabled = await anAgent(api, { password: PASSWORD, enabled: false });
    const failures = await Promise.all([
      login(agent['username'], 'not the password'),
      login(agent['username'].toUpperCase()),
      login(unique('nobody')),
      login(withoutPassword['username'], 'anything at all'),
      login(disabled['username']),
      login(agent['username'], PASSWORD, 'no-such-organization'),
    ]);
    const shape = ({ status, body, headers }: Answer) => {
      const { request_id: _, ...rest } = body;
      return { status, rest, authenticate: headers.get('www-authenticate') };
    };
    expect(shape(failures[0]!)).toMatchObject({ status: 401, rest: { code: 'auth.login_failed' } });
    for (const failure of failures) expect(shape(failure)).toEqual(shape(failures[0]!));
  });

  it('is in the organization that it names, each with its own names', async () => {
    const { organization, api: theirs } = await anOrganization(cluster.a);
    const here = await anAgent(api, { password: PASSWORD });
    const there = await anAgent(theirs, { username: here['username'], password: 'the password over there' });
    const answers = [await login(here['username']), await login(here['username'], 'the password over there', organization['slug'])];
    expect(answers.map(({ body }) => body.agent.id)).toEqual([here.id, there.id]);
    expect((await login(here['username'], PASSWORD, organization['slug'])).status).toBe(401);
    expect((await login(here['username'], 'the password over there')).status).toBe(401);
    expect((await me(answers[1]!.body.access_token)).body.organization_id).toBe(organization.id);
  });

  it('rotates refresh tokens, and ends when a used one comes again', async () => {
    const { access, refreshToken } = await anAccount();
    const second = await refresh(refreshToken, cluster.b);
    expect(second).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 900, agent: { id: expect.any(String) } } });
    expect(second.body.refresh_token).not.toBe(refreshToken);
    expect((await me(second.body.access_token)).status).toBe(200);
    const third = (await refresh(second.body.refresh_token)).body;

    expect(await refresh(refreshToken)).toMatchObject({ status: 401, body: { code: 'auth.refresh_failed' } });
    expect(await refresh(third.refresh_token)).toMatchObject({ status: 401, body: { code: 'auth.refresh_failed' } });
    for (const token of [access, second.body.access_token, third.access_token]) await expectRefused(token);
    expect(await refresh('cdr_never-existed')).toMatchObject({ status: 401, body: { code: 'auth.refresh_failed' } });
  });

  it('lets one of many concurrent uses of a refresh token through, and ends', async () => {
    const { refreshToken } = await anAccount();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => refresh(refreshToken, cluster.each(index))));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect((await refresh(winners[0]!.body.refresh_token)).status).toBe(401);
  });

  it('is independent of the agent’s other log-ins', async () => {
    const { agent, refreshToken, access } = await anAccount();
    const other = (await login(agent['username'])).body;
    await refresh(refreshToken);
    await refresh(refreshToken);
    await expectRefused(access);
    expect((await me(other.access_token)).status).toBe(200);
    expect((await refresh(other.refresh_token)).status).toBe(200);
  });

  it('ends with a new password, on every instance', async () => {
    const { agent, path, access, refreshToken } = await anAccount();
    expect((await api.put(path, { password: 'another password' })).status).toBe(200);
    await expectRefused(access);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await login(agent['username'])).status).toBe(401);
    const fresh = await login(agent['username'], 'another password');
    expect((await me(fresh.body.access_token, cluster.b)).status).toBe(200);
  });

  it.each([
    ['DELETE', (path: string) => api.delete(path)],
    ['enabled: false', (path: string) => api.put(path, { enabled: false })],
  ])('ends when the agent is disabled by %s, and does not come back with the agent', async (_, disable) => {
    const { agent, path, access, refreshToken } = await anAccount();
    expect((await disable(path)).status).toBeLessThan(300);
    await expectRefused(access);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await login(agent['username'])).status).toBe(401);

    expect((await api.put(path, { enabled: true })).status).toBe(200);
    await expectRefused(access);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await login(agent['username'])).status).toBe(200);
  });

  it('does not survive a password change that happens while the old password is being checked', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const [logins] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, () => login(agent['username']))),
      api.put(`/agents/${agent.id}`, { password: 'another password' }),
    ]);
    for (const { status } of logins) expect([200, 401]).toContain(status);
    for (const { body } of logins.filter(({ status }) => status === 200)) await expectRefused(body.access_token);
  });

  it('carries the role and department that the agent has now', async () => {
    const { agent, as } = await aLogin(cluster.a);
    expect((await as.post('/agents', { username: unique('x') })).status).toBe(403);
    expect((await api.put(`/agents/${agent.id}`, { role: 'admin', department: 'support' })).status).toBe(200);
    expect((await as.post('/agents', { username: unique('x') })).status).toBe(201);
    expect((await as.get('/auth/me')).body).toMatchObject({ scopes: ['*'], agent: { role: 'admin', department: 'support' } });
  });

  it('is over after 15 minutes without a refresh, and after 30 days for good', async () => {
    const { access, refreshToken } = await anAccount();
    clock.advance(14 * 60_000);
    expect((await me(access)).status).toBe(200);
    clock.advance(2 * 60_000);
    expect(await me(access)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    const next = await refresh(refreshToken);
    expect(next.status).toBe(200);
    expect((await me(next.body.access_token, cluster.b)).status).toBe(200);
    clock.advance(31 * 24 * 60 * 60_000);
    expect((await refresh(next.body.refresh_token)).status).toBe(401);
  });

  it('has ended when its newest refresh token has expired', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const isAlive = ({ body }: Answer): Promise<boolean> => {
      const { sid } = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
      return cluster.a.app.get(RefreshTokens).isAlive(agent.id, sid);
    };
    const [rotated, idle] = [await login(agent['username']), await login(agent['username'])];
    clock.advance(20 * 24 * 60 * 60_000);
    expect((await refresh(rotated.body.refresh_token)).status).toBe(200);
    clock.advance(20 * 24 * 60 * 60_000);
    expect([await isAlive(rotated), await isAlive(idle)]).toEqual([true, false]);
  });

  it('leaves nothing behind when its tokens have expired, and until then what tells a second use', async () => {
    const [tokens, cleanup] = [cluster.a.app.get(RefreshTokens), cluster.a.app.get(RefreshTokenCleanup)];
    clock.advance(31 * 24 * 60 * 60_000);
    await cleanup.run();
    expect(await tokensKept()).toBe(0);

    const [alive, used, revoked] = [await anAccount(), await anAccount(), await anAccount()];
    const afterUsed = await refresh(used.refreshToken);
    expect((await api.put(revoked.path, { password: 'another password' })).status).toBe(200);
    clock.advance(20 * 24 * 60 * 60_000);
    const newest = await refresh(alive.refreshToken);
    expect(newest.status).toBe(200);
    await cleanup.run();
    expect(await tokensKept()).toBe(5);
    expect((await refresh(used.refreshToken)).status).toBe(401);
    expect((await refresh(afterUsed.body.refresh_token)).status).toBe(401);

    clock.advance(11 * 24 * 60 * 60_000);
    expect(await tokens.deleteExpired(3)).toBe(3);
    await cleanup.run();
    expect(await tokensKept()).toBe(1);
    for (const { refreshToken } of [alive, used, revoked]) expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(newest.body.refresh_token)).status).toBe(200);
  });

  it('that has expired is deleted in small steps, which end when the process does', async () => {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const { agent } = await anAccount();
    await unitOfWork.run(async () => {
      const [row] = await unitOfWork.query<{ organization_id: string }>('SELECT organization_id FROM agents WHERE id = ?', [agent.id]);
      const old = Array.from({ length: 1200 }, (_, index) => [`rft_old_${index}`, row!.organization_id, agent.id, 'fam_old', `hash ${index}`, 0, clock.now() - 1]);
      await insertRows(unitOfWork, 'refresh_tokens', ['id', 'organization_id', 'agent_id', 'family_id', 'token_hash', 'created_at', 'expires_at'], old);
    });
    const cleanup = cluster.a.app.get(RefreshTokenCleanup);
    await cleanup.run(AbortSignal.abort());
    expect(await tokensKept("WHERE family_id = 'fam_old'")).toBe(1200);
    await Promise.all([cleanup.run(), cluster.b.app.get(RefreshTokenCleanup).run()]);
    expect(await tokensKept("WHERE family_id = 'fam_old'")).toBe(0);
  });

  it('is possible with a token key in the database that cannot be read', async () => {
    clock.advance(31 * 24 * 60 * 60_000);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    await unitOfWork.run(() => unitOfWork.transaction.insert(TokenKeyEntity, { id: `tky_${'0'.repeat(26)}`, secret: 'not readable', created_at: clock.now() }));
    const { access } = await anAccount();
    expect((await me(access)).status).toBe(200);
  });

  it('cannot be forged', async () => {
    const { access } = await anAccount();
    const [header, payload, signature] = access.split('.') as [string, string, string];
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const head = JSON.parse(Buffer.from(header, 'base64url').toString());
    const forged = [
      `${header}.${encode({ ...claims, sub: 'agt_00000000000000000000000000' })}.${signature}`,
      `${encode({ ...head, alg: 'none' })}.${payload}.`,
      `${encode({ ...head, alg: 'HS512' })}.${payload}.${signature}`,
      `${encode({ ...head, kid: 'tky_00000000000000000000000000' })}.${payload}.${signature}`,
      `${encode({ alg: 'HS256', typ: 'JWT' })}.${payload}.${signature}`,
      `${header}.${payload}`,
      'not.a.token',
    ];
    for (const token of forged) expect(await me(token)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
  });
});
