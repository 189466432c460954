import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBalancer } from '../support/balancer.js';
import type { Balancer } from '../support/balancer.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent } from '../support/desk.js';
import { Browser, PLAIN_HTTP, REDIRECT_URI, aWebClient, allow, anAuthorization, anOauthClient, discover } from '../support/oauth.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp, TestDatabaseUrl } from '../support/start-test-app.js';

const PASSWORD = 'the password of an agent';

async function tokensThrough(url: string, app: TestApp) {
  const server = await discover(url);
  const agent = await anAgent(app.api, { password: PASSWORD });
  const client = await aWebClient(app.api);
  const browser = new Browser(url);
  const authorization = await anAuthorization(server, client.id);
  const callback = await allow(browser, authorization.url, agent['username'], PASSWORD);
  const auth = oauth.ClientSecretBasic(client.secret);
  const parameters = oauth.validateAuthResponse(server, { client_id: client.id }, new URL(callback), authorization.state);
  const response = await oauth.authorizationCodeGrantRequest(server, { client_id: client.id }, auth, parameters, REDIRECT_URI, authorization.verifier, PLAIN_HTTP);
  const tokens = await oauth.processAuthorizationCodeResponse(server, { client_id: client.id }, response);
  const refresh = async (token: string) => {
    const answer = await oauth.refreshTokenGrantRequest(server, { client_id: client.id }, auth, token, PLAIN_HTTP);
    return oauth.processRefreshTokenResponse(server, { client_id: client.id }, answer);
  };
  return { server, agent, client, browser, tokens, refresh };
}

describe('OAuth behind a load balancer', () => {
  let balancer: Balancer;
  let cluster: Cluster;

  beforeAll(async () => {
    balancer = await startBalancer();
    cluster = await startCluster({ env: { PUBLIC_URL: `${balancer.url}/` } });
    balancer.balance(HAS_SERVERS ? [cluster.a.url, cluster.b.url] : [cluster.a.url]);
  });

  afterAll(async () => {
    await cluster.close();
    await balancer.close();
  });

  it('is one issuer, with one log-in, whichever instance answers', async () => {
    const { server, browser, client, tokens, refresh } = await tokensThrough(balancer.url, cluster.a);
    expect(server.issuer).toBe(balancer.url);
    const next = await refresh((await refresh(tokens.refresh_token!)).refresh_token!);
    for (const on of [cluster.a, cluster.b]) {
      expect((await on.as({ authorization: `Bearer ${next.access_token}` }).get('/auth/me')).body).toMatchObject({ kind: 'agent' });
    }
    for (let round = 0; round < 4; round++) {
      expect((await browser.get((await anAuthorization(server, client.id)).url)).url).toMatch(/^https:\/\/shop\.example\.com\/oauth\/callback\?code=/);
    }
    expect(balancer.served.length).toBe(HAS_SERVERS ? 2 : 1);
    expect(Math.min(...balancer.served)).toBeGreaterThan(5);
  });

  it('says where it is by its own name, whatever host and proxy a caller names', async () => {
    const client = await aWebClient(cluster.a.api);
    const { url } = await anAuthorization(await discover(balancer.url), client.id);
    const direct = await fetch(url.replace(balancer.url, cluster.a.url), {
      redirect: 'manual', headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' },
    });
    expect(direct.headers.get('location')).toMatch(/^\/oauth\/interaction\//);
    const metadata = await fetch(`${cluster.a.url}/.well-known/oauth-authorization-server`, { headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' } });
    expect(((await metadata.json()) as { issuer: string; token_endpoint: string })).toMatchObject({ issuer: balancer.url, token_endpoint: `${balancer.url}/oauth/token` });
  });

  it('refuses a token for another API', async () => {
    const { tokens } = await tokensThrough(balancer.url, cluster.a);
    expect((await cluster.b.as({ authorization: `Bearer ${tokens.access_token}` }).get('/auth/me')).status).toBe(200);
    const client = await anOauthClient(cluster.a.api);
    const response = await fetch(`${balancer.url}/oauth/token`, {
      method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, resource: `${cluster.a.url}/api/v1` }),
    });
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([400, 'invalid_target']);
  });
});

describe('OAuth over a restart', () => {
  let database: TestDatabaseUrl;
  let balancer: Balancer;

  beforeAll(async () => {
    database = await anEmptyDatabase();
    balancer = await startBalancer();
  });

  afterAll(async () => {
    await balancer.close();
    await database.drop();
  });

  it('keeps log-ins, tokens and keys', async () => {
    const env = { PUBLIC_URL: balancer.url };
    const before = await startTestApp({ database, env });
    balancer.balance([before.url]);
    const { server, browser, client, tokens, refresh } = await tokensThrough(balancer.url, before);
    const keys = await (await fetch(server.jwks_uri!)).json();
    await before.close();

    const after = await startTestApp({ database, env });
    balancer.balance([after.url]);
    expect((await after.as({ authorization: `Bearer ${tokens.access_token}` }).get('/auth/me')).status).toBe(200);
    expect((await refresh(tokens.refresh_token!)).access_token).toMatch(/./);
    expect(await (await fetch(server.jwks_uri!)).json()).toEqual(keys);
    expect((await browser.get((await anAuthorization(server, client.id)).url)).url).toMatch(/^https:\/\/shop\.example\.com/);
    await after.close();
  });

  it('marks cookies for https only where the issuer is https, and stands under the path of PUBLIC_URL', async () => {
    const app = await startTestApp({ env: { PUBLIC_URL: 'https://desk.example.com/support' } });
    const metadata = (await (await fetch(`${app.url}/.well-known/oauth-authorization-server`)).json()) as { authorization_endpoint: string };
    expect(metadata).toMatchObject({ issuer: 'https://desk.example.com/support', authorization_endpoint: 'https://desk.example.com/support/oauth/authorize' });
    const client = await aWebClient(app.api);
    const { url } = await anAuthorization(metadata as unknown as oauth.AuthorizationServer, client.id);
    const answer = await fetch(url.replace('https://desk.example.com/support', app.url), { redirect: 'manual' });
    expect(answer.headers.get('location')).toMatch(/^\/support\/oauth\/interaction\//);
    const cookies = answer.headers.getSetCookie().filter((cookie) => /^crossdesk_(request|resume)=/.test(cookie));
    expect(cookies).toHaveLength(2);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; secure/i);
      expect(cookie).toMatch(/; httponly/i);
      expect(cookie).toMatch(/; samesite=lax/i);
      expect(cookie).toMatch(/; path=\/support\/oauth\//i);
    }
    await app.close();
  });

  it('writes to the log what it has to say, and nothing that is secret', async () => {
    const lines: string[] = [];
    const app = await startTestApp({ logs: { write: (line: string) => void lines.push(line) } });
    const { tokens, client } = await tokensThrough(app.url, app);
    const log = lines.join('');
    expect(log).toContain('"path":"/oauth/token"');
    for (const secret of [tokens.access_token, tokens.refresh_token!, client.secret, PASSWORD]) expect(log).not.toContain(secret);
    expect(lines.filter((line) => /"level":"(warn|error|fatal)"/.test(line))).toEqual([]);
    await app.close();
  });
});
