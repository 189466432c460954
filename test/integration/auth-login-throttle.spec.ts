import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KnownAddresses } from '../../src/modules/auth/login-throttle/known-addresses.js';
import { Passwords } from '../../src/modules/auth/auth.contract.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent, created, tally, unique } from '../support/desk.js';
import { aPlainApplication } from '../support/integrations.js';
import { Browser, aWebClient, anAuthorization, discover } from '../support/oauth.js';
import type { Answer } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const PASSWORD = 'the password of an agent';
const FREE = 10;
const OFFICE = '198.51.100.7';
const DAY_MS = 24 * 60 * 60 * 1000;

describe('guessing passwords', () => {
  let cluster: Cluster;
  let clock: TestClock;
  let username: string;

  beforeEach(async () => {
    clock = new TestClock();
    cluster = await startCluster({ clock, env: { RATE_LIMIT: '6000/60', TRUST_PROXY: '127.0.0.0/8' } });
    username = unique('owner');
    await anAgent(cluster.a.api, { username, password: PASSWORD });
  });

  afterEach(async () => {
    vi.useRealTimers();
    await cluster.close();
  });

  function login(address: string, password: string, over: Record<string, unknown> = {}, on = cluster.a): Promise<Answer> {
    return on.as({ 'x-forwarded-for': address }).post('/auth/login', { username, password, ...over });
  }

  /** From another address each, over both instances. */
  const guess = (index: number, over: Record<string, unknown> = {}): Promise<Answer> => login(`203.0.113.${index % 250}`, 'a guess', over, cluster.each(index));

  async function guesses(count: number, over: Record<string, unknown> = {}): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let index = 0; index < count; index++) answers.push(await guess(index, over));
    return answers;
  }

  it('is slowed down while the owner gets in', async () => {
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    const answers = await guesses(FREE + 5);
    expect(answers.map(({ status }) => status)).toEqual([...Array(FREE).fill(401), ...Array(5).fill(429)]);
    const refused = answers.at(-1)!;
    expect(refused.body).toMatchObject({ code: 'rate_limit.exceeded', status: 429 });
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(15);
    expect(refused.headers.get('ratelimit-policy')).not.toBeNull();
    expect((await login(OFFICE, PASSWORD, {}, cluster.b)).status).toBe(200);
    // The right password does not help whoever guessed it from elsewhere.
    expect((await login('203.0.113.251', PASSWORD)).status).toBe(429);
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
  });

  it('is slowed down from a known address too, without a wait for other addresses', async () => {
    for (const address of [OFFICE, '198.51.100.8']) expect((await login(address, PASSWORD)).status).toBe(200);
    const answers: Answer[] = [];
    for (let index = 0; index < FREE + 2; index++) answers.push(await login(OFFICE, 'a guess'));
    expect(tally(answers)).toEqual({ 401: FREE, 429: 2 });
    expect((await login('198.51.100.8', PASSWORD)).status).toBe(200);
    expect((await login('203.0.113.1', PASSWORD)).status).toBe(200);
  });

  it('starts over from a known address after a log-in', async () => {
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < FREE - 1; index++) expect((await login(OFFICE, 'a typo')).status).toBe(401);
      expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    }
  });

  it('meets the same answers for names that do not exist', async () => {
    const nobody = { username: unique('nobody') };
    const [real, made] = [await guesses(FREE + 2), await guesses(FREE + 2, nobody)];
    expect(made.map(({ status }) => status)).toEqual(real.map(({ status }) => status));
    const [first, second] = [real, made].map((answers) => ({ ...answers.at(-1)!.body, request_id: '', detail: '' }));
    expect(second).toEqual(first);
    expect(tally(await guesses(FREE + 1, { organization: unique('nowhere') }))).toEqual({ 401: FREE, 429: 1 });
  });

  it('checks no password while it waits', async () => {
    const checks = [...new Set([cluster.a, cluster.b])].map((instance) => vi.spyOn(instance.app.get(Passwords), 'matches'));
    await guesses(FREE + 10);
    expect(checks.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBe(FREE);
  });

  it('finds no gap when many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 120 }, (_, index) => guess(index)));
    const { 401: tried = 0, 429: refused = 0 } = tally(answers);
    // Each instance may have one guess under way when the last free one fails.
    expect(tried).toBeGreaterThanOrEqual(FREE);
    expect(tried).toBeLessThanOrEqual(FREE + (HAS_SERVERS ? 1 : 0));
    expect(tried + refused).toBe(120);
  });

  it('lets everybody in who knows the password, however many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => login(OFFICE, PASSWORD, {}, cluster.each(index))));
    expect(tally(answers)).toEqual({ 200: 40 });
  });

  it('is bounded for an address, whomever it tries', async () => {
    const answers: Answer[] = [];
    for (let index = 0; index < 35; index++) answers.push(await login('203.0.113.9', 'a guess', { username: unique('victim') }, cluster.each(index)));
    expect(tally(answers)).toEqual({ 401: 30, 429: 5 });
    expect((await login('203.0.113.9', PASSWORD)).status).toBe(429);
    expect((await login('203.0.113.10', PASSWORD)).status).toBe(200);
  });

  it('does not keep the owner out who shares its address', async () => {
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    for (let index = 0; index < 31; index++) await login(OFFICE, 'a guess', { username: unique('victim') });
    expect((await login(OFFICE, 'a guess', { username: unique('victim') })).status).toBe(429);
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
  });

  it('of refresh tokens is bounded by address', async () => {
    const { refresh_token } = (await login(OFFICE, PASSWORD)).body;
    const refresh = (address: string, token: string) => cluster.a.as({ 'x-forwarded-for': address }).post('/auth/refresh', { refresh_token: token });
    const answers: Answer[] = [];
    for (let index = 0; index < 32; index++) answers.push(await refresh('203.0.113.9', `cdr_${index}`));
    expect(tally(answers)).toEqual({ 401: 30, 429: 2 });
    expect(answers.at(-1)!.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await refresh(OFFICE, refresh_token)).status).toBe(200);
  });

  it('forgets an address after 30 days', async () => {
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    clock.advance(29 * DAY_MS);
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    clock.advance(29 * DAY_MS);
    await guesses(FREE);
    expect((await login(OFFICE, PASSWORD)).status).toBe(200);
    const addresses = cluster.a.app.get(KnownAddresses);
    expect(await addresses.deleteExpired(100)).toBe(0);
    clock.advance(31 * DAY_MS);
    expect((await login(OFFICE, PASSWORD)).status).toBe(429);
    expect(await addresses.deleteExpired(100)).toBe(1);
  });

  it.runIf(!HAS_SERVERS)('waits twice as long after each further failure', async () => {
    let now = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now });
    await guesses(FREE);
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      const refused = await guess(round);
      expect(refused.status).toBe(429);
      waits.push(Number(refused.headers.get('retry-after')));
      vi.setSystemTime((now += waits.at(-1)! * 1000 + 1));
      expect((await guess(round)).status).toBe(401);
    }
    expect(waits).toEqual([15, 30, 60, 120, 240, 480, 900, 900]);
  });
});

describe('guessing at the authorization server', () => {
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await startCluster({ env: { RATE_LIMIT: '200/60', TRUST_PROXY: '127.0.0.0/8' } });
  });

  afterEach(() => cluster.close());

  function post(path: string, address: string, form: Record<string, string>): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': address };
    return cluster.a.as({}).send('POST', `/${path}`, new URLSearchParams(form).toString(), headers);
  }

  it('is slowed down by address, and spares the client elsewhere', async () => {
    const application = await aPlainApplication(cluster.a.api);
    const client = await created(cluster.a.api.post(`/applications/${application.id}/oauth-client`, { name: 'client', grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post' }));
    const form = { grant_type: 'client_credentials', client_id: client['client_id'] as string, client_secret: client['client_secret'] as string };
    const guesses: Answer[] = [];
    for (let index = 0; index < 32; index++) guesses.push(await post('/oauth/token', '203.0.113.9', { ...form, client_secret: 'a guess' }));
    expect(tally(guesses)).toEqual({ 401: 30, 429: 2 });
    const refused = guesses.at(-1)!;
    expect(refused.body.error).toBe('temporarily_unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post('/oauth/introspect', '203.0.113.9', { ...form, token: 'x' })).status).toBe(429);
    const granted = await post('/oauth/token', OFFICE, form);
    expect(granted.status).toBe(200);
    expect(granted.headers.get('ratelimit')).toMatch(/^"default";r=199;t=\d+$/);
    expect((await cluster.a.as({ authorization: `Bearer ${granted.body.access_token}` }).get('/auth/me')).status).toBe(200);
  });

  it('is slowed down on the page for agents as elsewhere', async () => {
    const agent = await anAgent(cluster.a.api, { password: PASSWORD });
    const browser = new Browser(cluster.a.url);
    const page = await browser.get((await anAuthorization(await discover(cluster.a.url), (await aWebClient(cluster.a.api)).id)).url);
    const statuses: number[] = [];
    for (let index = 0; index < FREE; index++) statuses.push((await browser.submit(page, '/login', { username: agent['username'], password: 'a guess' })).status);
    expect(statuses).toEqual(Array(FREE).fill(401));
    const refused = await browser.submit(page, '/login', { username: agent['username'], password: PASSWORD });
    expect([refused.status, /try again in \d+ seconds/.test(refused.html)]).toEqual([429, true]);
    expect((await login('127.0.0.1', PASSWORD, agent['username'])).status).toBe(429);
  });

  function login(address: string, password: string, username: string): Promise<Answer> {
    return cluster.a.as({ 'x-forwarded-for': address }).post('/auth/login', { username, password });
  }

  it('counts every request by address', async () => {
    const answers: Answer[] = [];
    for (let index = 0; index < 201; index++) answers.push(await cluster.a.as({ 'x-forwarded-for': OFFICE }).get('//oauth/jwks'));
    expect(tally(answers)).toEqual({ 200: 200, 429: 1 });
    expect((await cluster.a.as({ 'x-forwarded-for': OFFICE }).get('//oauth/interaction/unknown')).status).toBe(429);
    expect((await cluster.a.as({ 'x-forwarded-for': '198.51.100.8' }).get('//oauth/jwks')).status).toBe(200);
  });
});
