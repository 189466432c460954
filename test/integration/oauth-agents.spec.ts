import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OauthPayloadEntity } from '../../src/modules/auth/oauth2/oauth.entity.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anAgent, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { Browser, PLAIN_HTTP, REDIRECT_URI, aWebClient, allow, anApplication, anAuthorization, discover } from '../support/oauth.js';
import type { RegisteredClient } from '../support/oauth.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const PASSWORD = 'the password of an agent';

describe('agents and OAuth clients', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;
  let server: oauth.AuthorizationServer;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
    server = await discover(cluster.a.url);
  });

  afterAll(() => cluster.close());

  const as = (token: string, on = cluster.a): Caller => on.as({ authorization: `Bearer ${token}` });
  const me = (token: string, on = cluster.a): Promise<Answer> => as(token, on).get('/auth/me');

  async function expectRefused(...tokens: string[]): Promise<void> {
    for (const token of tokens) {
      expect(await me(token)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
      await expect.poll(async () => (await me(token, cluster.b)).status, { timeout: 1000, interval: 10 }).toBe(401);
    }
  }

  const authOf = ({ secret }: RegisteredClient): oauth.ClientAuth => (secret === null ? oauth.None() : oauth.ClientSecretBasic(secret));

  interface Tokens {
    access: string;
    refresh: string;
    scope: string;
  }

  async function exchange(registered: RegisteredClient, callback: string, verifier: string, state: string): Promise<Tokens> {
    const parameters = oauth.validateAuthResponse(server, { client_id: registered.id }, new URL(callback), state);
    const response = await oauth.authorizationCodeGrantRequest(server, { client_id: registered.id }, authOf(registered), parameters, REDIRECT_URI, verifier, PLAIN_HTTP);
    const { access_token, refresh_token, scope } = await oauth.processAuthorizationCodeResponse(server, { client_id: registered.id }, response);
    return { access: access_token, refresh: refresh_token!, scope: scope! };
  }

  const refresh = async (registered: RegisteredClient, token: string, parameters: Record<string, string> = {}): Promise<Tokens> => {
    const response = await oauth.refreshTokenGrantRequest(server, { client_id: registered.id }, authOf(registered), token, { ...PLAIN_HTTP, additionalParameters: parameters });
    const { access_token, refresh_token, scope } = await oauth.processRefreshTokenResponse(server, { client_id: registered.id }, response);
    return { access: access_token, refresh: refresh_token!, scope: scope! };
  };

  async function tokensFor(agent: Resource, registered: RegisteredClient, over: Record<string, string | undefined> = {}): Promise<Tokens> {
    const { url, verifier, state } = await anAuthorization(server, registered.id, over);
    return exchange(registered, await allow(new Browser(cluster.a.url), url, agent['username'], PASSWORD), verifier, state);
  }

  it('meet on a page that asks for the password, one that asks for leave, and a code that PKCE protects', async () => {
    const agent = await anAgent(api, { password: PASSWORD, nickname: 'Ada' });
    const registered = await aWebClient(api, {}, await anApplication(api, { name: 'Shop <b>& Co</b>' }));
    const browser = new Browser(cluster.a.url);
    const { url, verifier, state } = await anAuthorization(server, registered.id);

    const login = await browser.get(url);
    expect(login.status).toBe(200);
    expect(login.html).toContain('Log in to connect Shop &lt;b&gt;&amp; Co&lt;/b&gt;');
    expect(login.html).toMatch(/<label for="password">/);
    expect(login.html).not.toMatch(/<script|onclick|<b>&/i);
    expect(login.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' https:\/\/shop\.example\.com; frame-ancestors 'none'; base-uri 'none'$/);
    expect(login.headers.get('cache-control')).toBe('no-store');
    expect(login.headers.get('x-request-id')).toMatch(/^req_/);

    const consent = await browser.submit(login, '/login', { username: agent['username'], password: PASSWORD });
    expect(consent.html).toContain('Shop &lt;b&gt;&amp; Co&lt;/b&gt; asks for access');
    expect(consent.html).toContain(`<strong>${agent['username']}</strong>`);
    expect(consent.html).toContain('<li>See conversations</li>\n<li>Change messages</li>');

    const back = await browser.submit(consent, '/consent');
    expect(back.url).toMatch(/^https:\/\/shop\.example\.com\/oauth\/callback\?code=/);
    const { access, scope } = await exchange(registered, back.url, verifier, state);
    expect(scope.split(' ').toSorted()).toEqual(['conversations:read', 'messages:write']);
    expect((await me(access, cluster.b)).body).toMatchObject({ kind: 'agent', id: agent.id, agent: { username: agent['username'], role: 'agent' } });
    expect(new Set((await me(access)).body.scopes)).toEqual(new Set(['conversations:read', 'messages:write']));
  });

  it('are asked no more within the log-in, and not for leave that was given', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const first = await anAuthorization(server, registered.id);
    await allow(browser, first.url, agent['username'], PASSWORD);
    const second = await anAuthorization(server, registered.id);
    const page = await browser.get(second.url);
    expect(page.url).toMatch(/^https:\/\/shop\.example\.com\/oauth\/callback\?code=/);
    const more = await browser.get((await anAuthorization(server, registered.id, { scope: 'conversations:read messages:read' })).url);
    expect(more.html).toContain('<li>See messages</li>');
    expect(more.html).not.toContain('See conversations');
  });

  it('see only what the agent sees, and no more than the application does', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api, {}, await anApplication(api, { scopes: ['*'], data_scope: { channels: ['web'] } }));
    const { access, scope } = await tokensFor(agent, registered, { scope: 'conversations:read agents:write' });
    expect(scope.split(' ')).toContain('conversations:read');
    const mine = await aConversation(api, { agent_id: agent.id, channel: 'web' });
    const elsewhere = await aConversation(api, { agent_id: agent.id, channel: 'phone' });
    const other = await aConversation(api, { agent_id: (await anAgent(api)).id, channel: 'web' });
    const seen = await Promise.all([mine, elsewhere, other].map(async ({ id }) => (await as(access).get(`/conversations/${id}`)).status));
    expect(seen).toEqual([200, 404, 404]);
    expect((await as(access).post('/agents', { username: 'x' })).status).toBe(403);
    expect((await me(access)).body.scopes).toEqual(['conversations:read']);

    expect((await api.put(`/agents/${agent.id}`, { role: 'admin' })).status).toBe(200);
    expect(new Set((await me(access)).body.scopes)).toEqual(new Set(['conversations:read', 'agents:write']));
  });

  it('set the status of the agent only with leave to change conversations', async () => {
    const agent = await anAgent(api, { password: PASSWORD, status: 'away' });
    const registered = await aWebClient(api, {}, await anApplication(api, { scopes: ['*'] }));
    const set = async (scope: string): Promise<Answer> => as((await tokensFor(agent, registered, { scope })).access).put(`/agents/${agent.id}/status`, { status: 'online' });
    expect(await set('messages:read')).toMatchObject({ status: 403, body: { code: 'auth.scope_missing' } });
    expect((await api.get(`/agents/${agent.id}`)).body.status).toBe('away');
    expect((await set('conversations:write')).body.status).toBe('online');
  });

  it('are not given again what the agent itself was answered under an Idempotency-Key', async () => {
    const agent = await anAgent(api, { password: PASSWORD, role: 'admin' });
    const application = await anApplication(api, { scopes: ['*'] });
    const { access } = await tokensFor(agent, await aWebClient(api, {}, application), { scope: 'applications:write' });
    const itself = await cluster.a.login(agent['username'], PASSWORD);
    const make = (by: Caller): Promise<Answer> => by.post(`/applications/${application.id}/api-keys`, { name: 'key' }, { 'idempotency-key': 'the-key' });
    const answer = await make(itself);
    expect(answer.status).toBe(201);
    expect(await make(as(access))).toMatchObject({ status: 403, body: { code: 'application.scope_not_held' } });
    expect((await make(itself)).body).toEqual(answer.body);
  });

  it('do without a secret where the client has none, and never without PKCE', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api, { token_endpoint_auth_method: 'none' });
    expect(registered.secret).toBeNull();
    const { access } = await tokensFor(agent, registered);
    expect((await me(access)).status).toBe(200);
    for (const over of [{ code_challenge: undefined, code_challenge_method: undefined }, { code_challenge_method: 'plain' }, { code_challenge_method: undefined }]) {
      for (const each of [registered, await aWebClient(api)]) {
        const page = await new Browser(cluster.a.url).get((await anAuthorization(server, each.id, over)).url);
        expect(new URL(page.url).searchParams.get('error')).toBe('invalid_request');
      }
    }
  });

  it('get nothing for a code with a wrong verifier, a second time, or as another client', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const [registered, other] = [await aWebClient(api), await aWebClient(api)];
    const begin = async () => {
      const authorization = await anAuthorization(server, registered.id);
      return { ...authorization, callback: await allow(new Browser(cluster.a.url), authorization.url, agent['username'], PASSWORD) };
    };
    const wrong = await begin();
    await expect(exchange(registered, wrong.callback, oauth.generateRandomCodeVerifier(), wrong.state)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(exchange(other, wrong.callback, wrong.verifier, wrong.state)).rejects.toMatchObject({ error: 'invalid_grant' });
    const right = await begin();
    const { access } = await exchange(registered, right.callback, right.verifier, right.state);
    expect((await me(access)).status).toBe(200);
    await expect(exchange(registered, right.callback, right.verifier, right.state)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expectRefused(access);
  });

  it.each([
    ['another path', `${REDIRECT_URI}/x`],
    ['a longer query', `${REDIRECT_URI}?next=1`],
    ['another case', 'https://SHOP.example.com/oauth/callback'],
    ['another host', 'https://evil.example.com/oauth/callback'],
  ])('are never sent to %s', async (_, redirectUri) => {
    const registered = await aWebClient(api);
    const page = await new Browser(cluster.a.url).get((await anAuthorization(server, registered.id, { redirect_uri: redirectUri })).url);
    expect(page.status).toBe(400);
    expect(page.html).toContain('invalid_redirect_uri');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  it.each(['token', 'id_token', 'code token', 'code id_token', 'none'])('cannot use the response type %s', async (responseType) => {
    const registered = await aWebClient(api);
    const page = await new Browser(cluster.a.url).get((await anAuthorization(server, registered.id, { response_type: responseType, nonce: 'n' })).url);
    expect(page.url).toContain('error=unsupported_response_type');
    expect(page.url).not.toContain('access_token=');
  });

  it('are told the same, whatever was wrong with the log-in', async () => {
    const [agent, disabled] = [await anAgent(api, { password: PASSWORD }), await anAgent(api, { password: PASSWORD, enabled: false })];
    const { api: theirs } = await anOrganization(cluster.a);
    const foreign = await anAgent(theirs, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const login = await browser.get((await anAuthorization(server, registered.id)).url);
    const answers = [];
    for (const fields of [
      { username: agent['username'], password: 'wrong' },
      { username: 'nobody-of-that-name', password: PASSWORD },
      { username: disabled['username'], password: PASSWORD },
      { username: foreign['username'], password: PASSWORD },
      { username: '', password: '' },
    ]) {
      const page = await browser.submit(login, '/login', fields);
      answers.push([page.status, /role="alert"[^>]*>([^<]*)/.exec(page.html)?.[1]]);
    }
    expect(answers).toEqual(answers.map(() => [401, 'User name or password is wrong.']));
    expect((await browser.submit(login, '/login', { username: agent['username'], password: PASSWORD })).html).toContain('Allow</button>');
  });

  it('can say no', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const first = await anAuthorization(server, registered.id);
    const early = await browser.submit(await browser.get(first.url), '/cancel');
    expect(early.url).toContain('error=access_denied');
    const second = await anAuthorization(server, registered.id);
    const consent = await browser.submit(await browser.get(second.url), '/login', { username: agent['username'], password: PASSWORD });
    const late = await browser.submit(consent, '/cancel');
    const parameters = new URL(late.url).searchParams;
    expect([parameters.get('error'), parameters.get('state'), parameters.get('iss'), parameters.get('code')]).toEqual(['access_denied', second.state, cluster.a.url, null]);
  });

  it('send forms from their own pages only, in the browser that began', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const login = await browser.get((await anAuthorization(server, registered.id)).url);
    const action = `${new URL(login.url).pathname}/login`;
    const csrf = /name="csrf" value="([^"]+)"/.exec(login.html)![1]!;
    const fields = { username: agent['username'], password: PASSWORD };
    const send = (who: Browser, form: Record<string, string>) => who.go('POST', cluster.a.url + action, new URLSearchParams(form));
    for (const form of [fields, { ...fields, csrf: '' }, { ...fields, csrf: `${csrf.slice(0, -1)}~` }]) expect((await send(browser, form)).status).toBe(400);
    expect((await send(new Browser(cluster.a.url), { ...fields, csrf })).status).toBe(400);
    const stranger = new Browser(cluster.a.url);
    await stranger.get((await anAuthorization(server, registered.id)).url);
    expect((await send(stranger, { ...fields, csrf })).status).toBe(400);
    expect((await stranger.get(login.url)).status).toBe(400);
    expect((await send(browser, { ...fields, csrf })).html).toContain('Allow</button>');
    const json = await fetch(cluster.a.url + action, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    expect(json.status).toBe(415);
  });

  it('of another organization, or disabled since, are asked to log in again', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const { api: theirs } = await anOrganization(cluster.a);
    const [here, there] = [await aWebClient(api), await aWebClient(theirs)];
    const foreign = await anAgent(theirs, { password: PASSWORD });
    const browser = new Browser(cluster.a.url);
    await allow(browser, (await anAuthorization(server, here.id)).url, agent['username'], PASSWORD);

    const { url, verifier, state } = await anAuthorization(server, there.id);
    const page = await browser.get(url);
    expect(page.html).toContain('name="password"');
    const consent = await browser.submit(page, '/login', { username: foreign['username'], password: PASSWORD });
    expect(consent.html).toContain(foreign['username']);
    const { access } = await exchange(there, (await browser.submit(consent, '/consent')).url, verifier, state);
    expect((await me(access)).body).toMatchObject({ id: foreign.id });
    expect((await browser.get((await anAuthorization(server, here.id)).url)).html).toContain('name="password"');
  });

  it('can log in as somebody else', async () => {
    const [agent, colleague] = [await anAgent(api, { password: PASSWORD }), await anAgent(api, { password: PASSWORD })];
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const { url, verifier, state } = await anAuthorization(server, registered.id);
    const consent = await browser.submit(await browser.get(url), '/login', { username: agent['username'], password: PASSWORD });
    const login = await browser.submit(consent, '/switch');
    expect(login.html).toContain('name="password"');
    const again = await browser.submit(login, '/login', { username: colleague['username'], password: PASSWORD });
    const { access } = await exchange(registered, (await browser.submit(again, '/consent')).url, verifier, state);
    expect((await me(access)).body.id).toBe(colleague.id);
  });

  it('have refresh tokens that can be used once; a second use ends all that was given', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const first = await tokensFor(agent, registered);
    const second = await refresh(registered, first.refresh);
    expect(second.refresh).not.toBe(first.refresh);
    const narrower = await refresh(registered, second.refresh, { scope: 'conversations:read' });
    expect(narrower.scope).toBe('conversations:read');
    for (const { access } of [first, second, narrower]) expect((await me(access, cluster.b)).status).toBe(200);

    await expect(refresh(registered, first.refresh)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expectRefused(first.access, second.access, narrower.access);
    await expect(refresh(registered, narrower.refresh)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('let one of many concurrent uses of a refresh token through, and end', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const { refresh: token } = await tokensFor(agent, registered);
    const use = async (index: number) => {
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: registered.id, client_secret: registered.secret, resource: `${cluster.a.url}/api/v1` });
      const response = await fetch(`${cluster.each(index).url}/oauth/token`, { method: 'POST', body });
      return { status: response.status, body: (await response.json()) as Record<string, string> };
    };
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => use(index)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    for (const { status, body } of answers) if (status !== 200) expect(body['error']).toBe('invalid_grant');
    for (const { status, body } of answers) if (status === 200) await expectRefused(body['access_token']!);
  });

  it('end when a refresh token is revoked, access tokens too', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const first = await tokensFor(agent, registered);
    const second = await refresh(registered, first.refresh);
    for (const on of [cluster.a, cluster.b]) expect((await me(first.access, on)).status).toBe(200);
    const response = await oauth.revocationRequest(server, { client_id: registered.id }, authOf(registered), second.refresh, PLAIN_HTTP);
    await oauth.processRevocationResponse(response);
    await expectRefused(first.access, second.access);
    await expect(refresh(registered, second.refresh)).rejects.toMatchObject({ error: 'invalid_grant' });
    const introspection = await oauth.introspectionRequest(server, { client_id: registered.id }, authOf(registered), second.refresh, PLAIN_HTTP);
    expect(await introspection.json()).toEqual({ active: false });
  });

  it.each([
    ['the agent gets another password', (id: string) => api.put(`/agents/${id}`, { password: 'another password' })],
    ['the agent is disabled', (id: string) => api.delete(`/agents/${id}`)],
  ])('end when %s, and the log-in with them', async (_, change) => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const { url, verifier, state } = await anAuthorization(server, registered.id);
    const tokens = await exchange(registered, await allow(browser, url, agent['username'], PASSWORD), verifier, state);
    expect((await me(tokens.access, cluster.b)).status).toBe(200);
    expect((await change(agent.id)).status).toBeLessThan(300);
    await expectRefused(tokens.access);
    await expect(refresh(registered, tokens.refresh)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await browser.get((await anAuthorization(server, registered.id)).url)).html).toContain('name="password"');

    expect((await api.put(`/agents/${agent.id}`, { enabled: true })).status).toBe(200);
    await expectRefused(tokens.access);
    const rows = await cluster.a.app.get(UnitOfWork).query('SELECT kind FROM oauth_payloads WHERE agent_id = ?', [agent.id]);
    expect(rows).toEqual([]);
  });

  it('end for a request under way, too, which stores its log-in once more', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    await allow(browser, (await anAuthorization(server, registered.id)).url, agent['username'], PASSWORD);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const sessions = await unitOfWork.manager.findBy(OauthPayloadEntity, { agent_id: agent.id, kind: 'Session' });
    expect(sessions).toHaveLength(1);
    expect((await api.put(`/agents/${agent.id}`, { password: 'another password' })).status).toBe(200);
    await unitOfWork.run(() => unitOfWork.transaction.insert(OauthPayloadEntity, sessions[0]!));
    const page = await browser.get((await anAuthorization(server, registered.id)).url);
    expect(page.html).toContain('name="password"');
    expect((await browser.submit(page, '/login', { username: agent['username'], password: 'another password' })).html).toContain('Allow</button>');
  });

  it('work with openid-client from discovery to revocation', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const config = await client.discovery(new URL(cluster.a.url), registered.id, registered.secret, undefined, { algorithm: 'oauth2', execute: [client.allowInsecureRequests] });
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI, scope: 'conversations:read', state, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const callback = await allow(new Browser(cluster.a.url), url.href, agent['username'], PASSWORD);
    const tokens = await client.authorizationCodeGrant(config, new URL(callback), { pkceCodeVerifier: verifier, expectedState: state });
    expect((await me(tokens.access_token)).body.id).toBe(agent.id);
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, sub: agent.id });
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token!);
    await client.tokenRevocation(config, fresh.refresh_token!);
    expect(await client.tokenIntrospection(config, fresh.access_token)).toEqual({ active: false });
    await expectRefused(tokens.access_token, fresh.access_token);
  });

  it('are in the audit log with their log-ins and failures', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const browser = new Browser(cluster.a.url);
    const login = await browser.get((await anAuthorization(server, registered.id)).url);
    await browser.submit(login, '/login', { username: agent['username'], password: 'wrong' });
    await browser.submit(login, '/login', { username: agent['username'], password: PASSWORD });
    const { data } = (await api.get('/audit-logs?limit=20')).body as { data: { action: string; target_id: string | null }[] };
    const actions = data.filter(({ target_id }) => target_id === agent.id || target_id === registered.id).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['auth.login', 'auth.login_failed', 'oauth_client.created']));
  });

  const audited = async ({ id }: RegisteredClient): Promise<Record<string, any>[]> => (await api.get(`/audit-logs?limit=20&sort=created_at&target_id=${id}`)).body.data.slice(1);

  it('are in the audit log with the leave that was given, and each use of a code or token too many', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api);
    const { id: application_id } = registered.application;
    const { url, verifier, state } = await anAuthorization(server, registered.id);
    const callback = await allow(new Browser(cluster.a.url), url, agent['username'], PASSWORD);
    await exchange(registered, callback, verifier, state);
    await expect(exchange(registered, callback, verifier, state)).rejects.toMatchObject({ error: 'invalid_grant' });
    const first = await tokensFor(agent, registered);
    await refresh(registered, first.refresh);
    await expect(refresh(registered, first.refresh)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(refresh(registered, 'x'.repeat(43))).rejects.toMatchObject({ error: 'invalid_grant' });
    const given = { action: 'oauth.consent_given', actor_kind: 'agent', actor_id: agent.id, address: '127.0.0.1', details: { application_id, scopes: ['conversations:read', 'messages:write'] } };
    const reused = (token: string): object => ({ action: 'oauth.token_reused', actor_kind: 'anonymous', address: '127.0.0.1', details: { application_id, token, agent_id: agent.id } });
    expect(await audited(registered)).toMatchObject([given, reused('code'), given, reused('refresh_token')]);
  });

  it('are in the audit log where a client shows a wrong secret', async () => {
    const registered = await aWebClient(api);
    const ask = (secret: string, path = 'token'): Promise<Response> =>
      fetch(`${cluster.a.url}/oauth/${path}`, { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', token: 'x', client_id: registered.id, client_secret: secret }) });
    expect([(await ask('wrong')).status, (await ask('wrong', 'introspect')).status, (await ask(registered.secret)).status]).toEqual([401, 401, 400]);
    const failed = { action: 'oauth.client_auth_failed', actor_kind: 'anonymous', actor_id: null, address: '127.0.0.1', details: { application_id: registered.application.id } };
    expect(await audited(registered)).toMatchObject([failed, failed]);
  });

  it('are told all that leave is asked for, what only another role could do too', async () => {
    const agent = await anAgent(api, { password: PASSWORD });
    const registered = await aWebClient(api, {}, await anApplication(api, { scopes: ['*'] }));
    const browser = new Browser(cluster.a.url);
    const login = await browser.get((await anAuthorization(server, registered.id, { scope: 'conversations:read applications:write' })).url);
    const consent = await browser.submit(login, '/login', { username: agent['username'], password: PASSWORD });
    expect(consent.html).toContain('<li>See conversations</li>\n<li>Change applications and their keys</li>');
  });
});
