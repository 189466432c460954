import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anOauthClient } from '../support/oauth.js';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

const SERVERS = process.env.TEST_MATRIX === 'servers';

describe('OAuth in a process of its own', { timeout: 60_000 }, () => {
  let database: TestDatabaseUrl;
  let proxy: TcpProxy | undefined;
  let server: ServerProcess;

  beforeAll(async () => {
    database = await anEmptyDatabase();
    if (SERVERS) proxy = await startTcpProxy(database.url);
    server = await startServer({
      DATABASE_URL: proxy?.instead(database.url) ?? database.url, REDIS_URL: database.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough', BOOTSTRAP_API_KEY: API_KEY,
    });
  }, 30_000);

  afterAll(async () => {
    await server.kill();
    await proxy?.close();
    await database.drop();
  });

  const tokenFor = async (client: { id: string; secret: string }) => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret });
    const response = await fetch(`${server.url}/oauth/token`, { method: 'POST', body });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('leaves the output to the log of the service', async () => {
    const client = await anOauthClient(new Caller(server.url, { 'x-api-key': API_KEY }));
    expect(await tokenFor(client)).toMatchObject({ status: 200, body: { access_token: expect.stringMatching(/^[\w-]{43}$/) } });
    expect(server.output()).not.toMatch(/oidc-provider|Unsupported runtime|NOTICE/);
  });

  it.runIf(SERVERS)('says in the words of OAuth that it may be tried again while the database is away', async () => {
    const client = await anOauthClient(new Caller(server.url, { 'x-api-key': API_KEY }));
    expect((await tokenFor(client)).status).toBe(200);
    proxy!.cut();
    expect(await tokenFor(client)).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    proxy!.restore();
    await expect.poll(async () => (await tokenFor(client)).status, { timeout: 15_000 }).toBe(200);
  });
});
