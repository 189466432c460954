import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBalancer } from '../support/balancer.js';
import type { Balancer } from '../support/balancer.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anAgent, anApplication, anOrganization, created, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { aSigningKey } from '../support/integrations.js';
import { Browser, PLAIN_HTTP, REDIRECT_URI, aWebClient, allow, anAuthorization, anOauthClient, discover } from '../support/oauth.js';
import type { RegisteredClient } from '../support/oauth.js';
import { startOutsideIssuer } from '../support/outside-issuer.js';
import type { OutsideIssuer } from '../support/outside-issuer.js';
import { signedHeaders } from '../support/signed-request.js';
import { SocketRefused, connectSocket } from '../support/socket-client.js';
import type { Answer, Caller, TestApp } from '../support/start-test-app.js';

const PASSWORD = 'the password of an agent';
const REFUSED = { status: 401, body: { code: 'auth.credential_invalid' } };

/** An organization with a credential of each kind, all of which have just been used on each instance. */
interface Tenant {
  organization: Resource;
  agent: Resource;
  visitor: Resource;
  refreshToken: string;
  client: RegisteredClient;
  web: RegisteredClient & { browser: Browser; code: { callback: string; verifier: string; state: string }; refreshToken: string };
  /** By kind: the question who is calling, on an instance. */
  asks: Record<string, (on: TestApp) => Promise<Answer>>;
  /** What opens sockets. */
  tokens: Record<string, string>;
}

describe('the credentials of an organization', () => {
  let balancer: Balancer;
  let issuer: OutsideIssuer;
  let cluster: Cluster;
  let server: oauth.AuthorizationServer;
  let closed: Tenant;
  let other: Tenant;

  beforeAll(async () => {
    balancer = await startBalancer();
    issuer = await startOutsideIssuer();
    await issuer.addKey('es', 'ES256');
    cluster = await startCluster({ env: { PUBLIC_URL: balancer.url, OAUTH_TRUSTED_ISSUERS: issuer.url } });
    balancer.balance(HAS_SERVERS ? [cluster.a.url, cluster.b.url] : [cluster.a.url]);
    server = await discover(balancer.url);
    [closed, other] = [await aTenant(), await aTenant()];
  }, 60_000);

  afterAll(async () => {
    await cluster.close();
    await balancer.close();
    await issuer.close();
  });

  const instances = (): TestApp[] => [...new Set([cluster.a, cluster.b])];
  const clientAuth = ({ secret }: RegisteredClient) => oauth.ClientSecretBasic(secret);

  async function aCode(browser: Browser, client: RegisteredClient, username: string): Promise<{ callback: string; verifier: string; state: string }> {
    const { url, verifier, state } = await anAuthorization(server, client.id);
    return { callback: await allow(browser, url, username, PASSWORD), verifier, state };
  }

  function redeem(client: RegisteredClient, { callback, verifier, state }: Tenant['web']['code']): Promise<Response> {
    const parameters = oauth.validateAuthResponse(server, { client_id: client.id }, new URL(callback), state);
    return oauth.authorizationCodeGrantRequest(server, { client_id: client.id }, clientAuth(client), parameters, REDIRECT_URI, verifier, PLAIN_HTTP);
  }

  const clientCredentials = (client: RegisteredClient): Promise<Response> =>
    oauth.clientCredentialsGrantRequest(server, { client_id: client.id }, clientAuth(client), {}, PLAIN_HTTP);
  const refreshOauth = (client: RegisteredClient, token: string): Promise<Response> =>
    oauth.refreshTokenGrantRequest(server, { client_id: client.id }, clientAuth(client), token, PLAIN_HTTP);
  const login = (on: TestApp, { organization, agent }: Tenant): Promise<Answer> =>
    on.as({}).post('/auth/login', { username: agent['username'], password: PASSWORD, organization: organization['slug'] });
  const issued = (client: RegisteredClient): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    return issuer.token({ iss: issuer.url, aud: `${balancer.url}/api/v1`, sub: 'somebody', client_id: client.id, scope: 'messages:read', iat: now, exp: now + 600 });
  };

  async function aTenant(): Promise<Tenant> {
    const { organization, api } = await anOrganization(cluster.a);
    const agent = await anAgent(api, { password: PASSWORD, role: 'admin' });
    const visitor = await created(api.post('/visitors', { external_id: unique('visitor') }));
    const ofApplication = await anApplication(cluster.a, {}, api);
    const signingKey = await aSigningKey(api, ofApplication.application);
    const client = await anOauthClient(api);
    const web = await aWebClient(api);
    const browser = new Browser(balancer.url);
    const granted = await oauth.processAuthorizationCodeResponse(server, { client_id: web.id }, await redeem(web, await aCode(browser, web, agent['username'])));
    const { access_token: ofClient } = await oauth.processClientCredentialsResponse(server, { client_id: client.id }, await clientCredentials(client));
    const signIn = (await login(cluster.a, { organization, agent } as Tenant)).body;
    const outside = await issued(client);
    const bearer = (token: string) => (on: TestApp): Promise<Answer> => on.as({ authorization: `Bearer ${token}` }).get('/auth/me');
    const key = (value: string) => (on: TestApp): Promise<Answer> => on.as({ 'x-api-key': value }).get('/auth/me');
    const tenant: Tenant = {
      organization, agent, visitor, client, refreshToken: signIn.refresh_token,
      web: { ...web, browser, code: await aCode(browser, web, agent['username']), refreshToken: granted.refresh_token! },
      asks: {
        'its first key': key(organization['api_key'].key),
        'a key of an application': key(ofApplication.as.token),
        'a signing key': (on) => {
          const headers = signedHeaders(on.url, signingKey, { method: 'GET', target: '/api/v1/auth/me', now: Date.now() });
          return on.as(headers).get('/auth/me');
        },
        'the token of a log-in': bearer(signIn.access_token),
        'a token of an OAuth client': bearer(ofClient),
        'a token of OAuth for an agent': bearer(granted.access_token),
        'a token of an outside issuer': bearer(outside),
      },
      tokens: {
        'its first key': organization['api_key'].key,
        'the token of a log-in': signIn.access_token,
        'a token of an OAuth client': ofClient,
        'a token of an outside issuer': outside,
        'the token of a visitor': (await api.post(`/visitors/${visitor.id}/token`)).body['token'],
      },
    };
    await expectGood(tenant);
    return tenant;
  }

  async function expectGood({ asks }: Tenant): Promise<void> {
    for (const [kind, ask] of Object.entries(asks)) {
      for (const on of instances()) expect((await ask(on)).status, kind).toBe(200);
    }
  }

  it('are all refused once it is closed: at once where it was said, elsewhere within a second; and its sockets end', async () => {
    const sockets = await Promise.all(instances().flatMap((on) => Object.values(closed.tokens).map((token) => connectSocket(on.url, token))));
    const others = await Promise.all(instances().flatMap((on) => Object.values(other.tokens).map((token) => connectSocket(on.url, token))));
    const ended = Promise.all(sockets.map(({ socket }) => new Promise<string>((resolve) => socket.once('disconnect', resolve))));
    const interaction = await closed.web.browser.get((await anAuthorization(server, closed.web.id, { prompt: 'consent' })).url);
    expect(interaction.html).toContain('Allow</button>');

    expect((await cluster.a.api.delete(`/organizations/${closed.organization.id}`)).status).toBe(204);
    const closedAt = performance.now();
    for (const [kind, ask] of Object.entries(closed.asks)) expect(await ask(cluster.a), kind).toMatchObject(REFUSED);
    for (const [kind, ask] of Object.entries(closed.asks)) await expect.poll(async () => (await ask(cluster.b)).status, { message: kind, timeout: 1000, interval: 10 }).toBe(401);
    expect(new Set(await ended)).toEqual(new Set(['io server disconnect']));
    expect(performance.now() - closedAt).toBeLessThan(2000);

    for (const on of instances()) {
      for (const [kind, token] of Object.entries(closed.tokens)) {
        const refused = await connectSocket(on.url, token).catch((error: unknown) => error);
        expect(refused, kind).toBeInstanceOf(SocketRefused);
        expect(refused, kind).toMatchObject({ code: 'auth.credential_invalid' });
      }
    }
    const page = await closed.web.browser.submit(interaction, '/consent');
    expect([page.status, page.html]).toEqual([400, expect.stringContaining('This page has expired')]);
    await expectGood(other);
    expect(others.map(({ socket }) => socket.connected)).toEqual(others.map(() => true));
    for (const known of others) known.close();
  });

  it('make no new ones: neither by password nor by refreshing, and OAuth knows none of its clients', async () => {
    for (const on of instances()) {
      expect((await login(on, closed)).body).toMatchObject({ status: 401, code: 'auth.login_failed' });
      expect((await on.as({}).post('/auth/refresh', { refresh_token: closed.refreshToken })).body).toMatchObject({ status: 401, code: 'auth.refresh_failed' });
    }
    const { client, web } = closed;
    const token = closed.tokens['a token of an OAuth client']!;
    for (const response of [
      await clientCredentials(client), await redeem(web, web.code), await refreshOauth(web, web.refreshToken),
      await oauth.introspectionRequest(server, { client_id: client.id }, clientAuth(client), token, PLAIN_HTTP),
      await oauth.revocationRequest(server, { client_id: client.id }, clientAuth(client), token, PLAIN_HTTP),
    ]) expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([401, 'invalid_client']);
    const stranger = await oauth.introspectionRequest(server, { client_id: other.client.id }, clientAuth(other.client), token, PLAIN_HTTP);
    expect(await stranger.json()).toEqual({ active: false });
    const page = await new Browser(balancer.url).get((await anAuthorization(server, web.id)).url);
    expect([page.status, page.html.includes('invalid_client'), page.html.includes('<form')]).toEqual([400, true, false]);

    expect((await login(cluster.b, other)).status).toBe(200);
    expect((await clientCredentials(other.client)).status).toBe(200);
    expect((await redeem(other.web, other.web.code)).status).toBe(200);
    expect((await refreshOauth(other.web, other.web.refreshToken)).status).toBe(200);
  });

  it('let failed log-ins be seen by the operator, since nobody else could', async () => {
    const before = Date.now();
    await login(cluster.a, closed);
    const { data } = (await cluster.a.api.get(`/audit-logs?action=auth.login_failed&since=${new Date(before).toISOString()}`)).body;
    expect(data).toMatchObject([{ actor_kind: 'anonymous', target_id: null, details: { organization: closed.organization['slug'], username: closed.agent['username'] } }]);
  });

  it('let a socket that was away not come back for what it missed', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const socket = await connectSocket(cluster.a.url, organization['api_key'].key, { reconnection: true, reconnectionDelay: 200, reconnectionDelayMax: 200 });
    await aConversation(api);
    await socket.waitFor('conversation.created', 5000);
    const refused = new Promise<{ data?: { code?: string } }>((resolve) => socket.socket.once('connect_error', resolve as (error: Error) => void));
    socket.socket.io.engine.close();
    expect((await cluster.a.api.delete(`/organizations/${organization.id}`)).status).toBe(204);
    expect((await refused).data).toEqual({ code: 'auth.credential_invalid' });
    socket.close();
  });

  it('leave alone what a key of the operator does', async () => {
    const me: Caller = cluster.b.api;
    expect((await me.get('/auth/me')).status).toBe(200);
    expect((await me.get(`/organizations/${closed.organization.id}`)).body).toMatchObject({ closed_at: expect.any(String) });
  });
});
