import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OauthPayloadCleanup } from '../../src/modules/auth/oauth2/oauth-payload-cleanup.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anOrganization } from '../support/desk.js';
import { PLAIN_HTTP, aWebClient, anApplication, anOauthClient, discover } from '../support/oauth.js';
import type { RegisteredClient } from '../support/oauth.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

describe('client credentials', () => {
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

  const tokenOf = async (client: RegisteredClient, parameters: Record<string, string> = {}): Promise<oauth.TokenEndpointResponse> => {
    const response = await oauth.clientCredentialsGrantRequest(server, { client_id: client.id }, oauth.ClientSecretBasic(client.secret), parameters, PLAIN_HTTP);
    return oauth.processClientCredentialsResponse(server, { client_id: client.id }, response);
  };
  const post = async (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${cluster.a.url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  const introspect = async (client: RegisteredClient, token: string) => {
    const response = await oauth.introspectionRequest(server, { client_id: client.id }, oauth.ClientSecretPost(client.secret), token, PLAIN_HTTP);
    return oauth.processIntrospectionResponse(server, { client_id: client.id }, response);
  };
  const as = (token: string, on = cluster.a): Caller => on.as({ authorization: `Bearer ${token}` });
  const me = (token: string, on = cluster.a): Promise<Answer> => as(token, on).get('/auth/me');

  async function expectRefused(token: string): Promise<void> {
    expect(await me(token)).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    await expect.poll(async () => (await me(token, cluster.b)).status, { timeout: 1000, interval: 10 }).toBe(401);
  }

  it('are described for strict clients, and nothing of OpenID Connect, implicit or passwords is', async () => {
    expect(server).toMatchObject({
      issuer: cluster.a.url,
      authorization_endpoint: `${cluster.a.url}/oauth/authorize`,
      token_endpoint: `${cluster.a.url}/oauth/token`,
      introspection_endpoint: `${cluster.a.url}/oauth/introspect`,
      revocation_endpoint: `${cluster.a.url}/oauth/revoke`,
      jwks_uri: `${cluster.a.url}/oauth/jwks`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      scopes_supported: expect.arrayContaining(['conversations:read', 'messages:write']),
    });
    expect([...server.grant_types_supported!].toSorted()).toEqual(['authorization_code', 'client_credentials', 'refresh_token']);
    expect(Object.keys(server).filter((name) => /userinfo|id_token|claims|subject|request_parameter|device|registration/.test(name))).toEqual([]);
    const { keys } = await (await fetch(server.jwks_uri!)).json() as { keys: Record<string, unknown>[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' });
    expect(keys[0]).not.toHaveProperty('d');
  });

  it('give an opaque token that does what application and request allow, and names who it is', async () => {
    const client = await anOauthClient(api);
    const token = await tokenOf(client, { scope: 'messages:read agents:write' });
    expect(token).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'messages:read' });
    expect(token.access_token).toMatch(/^[\w-]{43}$/);
    expect((await me(token.access_token, cluster.b)).body).toMatchObject({ kind: 'oauth_client', id: client.id, scopes: ['messages:read'], agent: null });
    const conversation = await aConversation(api);
    await aMessage(api, conversation);
    expect((await as(token.access_token).get(`/conversations/${conversation.id}/messages`)).status).toBe(200);
    expect(await as(token.access_token).get('/conversations')).toMatchObject({ status: 403, body: { code: 'auth.scope_missing' } });
  });

  it('give all scopes of the application when the request names none, and refuse one of which nothing is left', async () => {
    const client = await anOauthClient(api);
    expect((await tokenOf(client)).scope?.split(' ').toSorted()).toEqual(['conversations:read', 'messages:read', 'messages:write']);
    const everything = await anOauthClient(api, {}, await anApplication(api, { scopes: ['*'] }));
    const { scope = '' } = await tokenOf(everything);
    expect(scope.split(' ')).toEqual(expect.arrayContaining(['agents:write', 'audit:read', 'import:write']));
    expect(scope).not.toContain('*');
    await expect(tokenOf(client, { scope: 'agents:write' })).rejects.toMatchObject({ error: 'invalid_scope' });
  });

  it('follow the scopes that the application has now', async () => {
    const client = await anOauthClient(api);
    const { access_token } = await tokenOf(client);
    expect((await as(access_token).get('/conversations')).status).toBe(200);
    expect((await api.put(`/applications/${client.application.id}`, { scopes: ['messages:read'] })).status).toBe(200);
    expect((await as(access_token).get('/conversations')).status).toBe(403);
    await expect.poll(async () => (await as(access_token, cluster.b).get('/conversations')).status, { timeout: 1000 }).toBe(403);
  });

  it('see what the data scope of the application shows', async () => {
    const application = await anApplication(api, { data_scope: { departments: ['billing'] } });
    const { access_token } = await tokenOf(await anOauthClient(api, {}, application));
    const billing = await aConversation(api, { department: 'billing' });
    const support = await aConversation(api, { department: 'support' });
    expect((await as(access_token).get(`/conversations/${billing.id}`)).status).toBe(200);
    expect((await as(access_token).get(`/conversations/${support.id}`)).status).toBe(404);
  });

  it('are for the API alone', async () => {
    const client = await anOauthClient(api);
    expect((await tokenOf(client, { resource: `${cluster.a.url}/api/v1` })).access_token).toMatch(/./);
    await expect(tokenOf(client, { resource: 'https://elsewhere.example/api/v2' })).rejects.toMatchObject({ error: 'invalid_target' });
  });

  it.each([
    ['a wrong secret', { grant_type: 'client_credentials' }, 'wrong', { status: 401, body: { error: 'invalid_client' } }],
    ['the password grant', { grant_type: 'password', username: 'admin', password: 'x' }, null, { status: 400, body: { error: 'unsupported_grant_type' } }],
    ['an unknown grant', { grant_type: 'nonsense' }, null, { status: 400, body: { error: 'unsupported_grant_type' } }],
    ['no grant', {}, null, { status: 400, body: { error: 'invalid_request' } }],
    ['a grant that the client does not have', { grant_type: 'refresh_token', refresh_token: 'x' }, null, { status: 400, body: { error: 'invalid_request' } }],
  ])('refuse %s in the words of OAuth', async (_, form, secret, expected) => {
    const client = await anOauthClient(api);
    expect(await post('/oauth/token', { client_id: client.id, client_secret: secret ?? client.secret, ...form } as Record<string, string>)).toMatchObject(expected);
  });

  it('refuse an unknown client, a body that is no form, and none at all, and never fail', async () => {
    expect(await post('/oauth/token', { grant_type: 'client_credentials', client_id: 'oac_00000000000000000000000000', client_secret: 'x' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await post('/oauth/token', { grant_type: 'client_credentials', client_id: '\u0000', client_secret: 'x' })).toMatchObject({ status: 401 });
    for (const [body, type] of [['{"grant_type":"client_credentials"}', 'application/json'], ['x', 'text/plain'], ['grant_type=client_credentials', ''], ['a'.repeat(80_000), 'application/x-www-form-urlencoded']] as const) {
      const response = await fetch(`${cluster.a.url}/oauth/token`, { method: 'POST', body, headers: type === '' ? {} : { 'content-type': type } });
      expect(`${response.status} ${((await response.json()) as { error: string }).error}`).toBe('400 invalid_request');
    }
    const wrongMethod = await fetch(`${cluster.a.url}/oauth/token`);
    expect(wrongMethod.status).toBe(405);
  });

  it('are shown to their own client only, and to others as if they did not exist', async () => {
    const [client, other] = [await anOauthClient(api), await anOauthClient(api)];
    const { access_token } = await tokenOf(client, { scope: 'messages:read' });
    expect(await introspect(client, access_token)).toMatchObject({
      active: true, client_id: client.id, scope: 'messages:read', token_type: 'Bearer', iss: cluster.a.url, aud: `${cluster.a.url}/api/v1`, exp: expect.any(Number), iat: expect.any(Number),
    });
    for (const [who, token] of [[other, access_token], [client, 'never-issued'], [client, 'a'.repeat(43)]] as const) {
      expect(await introspect(who, token)).toEqual({ active: false });
    }
    expect(await post('/oauth/introspect', { token: access_token })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await post('/oauth/introspect', { token: access_token, client_id: client.id, client_secret: 'wrong' })).toMatchObject({ status: 401 });
  });

  it('end when they are revoked, on every instance within a second', async () => {
    const [client, other] = [await anOauthClient(api), await anOauthClient(api)];
    const { access_token } = await tokenOf(client);
    for (const on of [cluster.a, cluster.b]) expect((await me(access_token, on)).status).toBe(200);

    await oauth.revocationRequest(server, { client_id: other.id }, oauth.ClientSecretBasic(other.secret), access_token, PLAIN_HTTP);
    expect((await me(access_token)).status).toBe(200);

    const response = await oauth.revocationRequest(server, { client_id: client.id }, oauth.ClientSecretBasic(client.secret), access_token, PLAIN_HTTP);
    await oauth.processRevocationResponse(response);
    await expectRefused(access_token);
    expect(await introspect(client, access_token)).toEqual({ active: false });
    const again = await oauth.revocationRequest(server, { client_id: client.id }, oauth.ClientSecretBasic(client.secret), 'garbage', PLAIN_HTTP);
    expect(again.status).toBe(200);
  });

  it('end by time', async () => {
    const client = await anOauthClient(api);
    const { access_token } = await tokenOf(client);
    for (const on of [cluster.a, cluster.b]) expect((await me(access_token, on)).status).toBe(200);
    clock.advance(59 * 60_000);
    expect((await me(access_token)).status).toBe(200);
    clock.advance(2 * 60_000);
    await expectRefused(access_token);
    expect(await introspect(client, access_token)).toEqual({ active: false });
  });

  it('end with their client, on every instance', async () => {
    const client = await anOauthClient(api);
    const { access_token } = await tokenOf(client);
    for (const on of [cluster.a, cluster.b]) expect((await me(access_token, on)).status).toBe(200);
    expect((await api.delete(client.path)).status).toBe(204);
    await expectRefused(access_token);
    await expect(tokenOf(client)).rejects.toMatchObject({ status: 401 });
    expect((await api.get(client.path)).status).toBe(404);
  });

  it.each([
    ['disabled', (path: string) => api.put(path, { enabled: false }), 200],
    ['deleted', (path: string) => api.delete(path), 204],
  ])('end when their application is %s', async (_, change, status) => {
    const client = await anOauthClient(api);
    const { access_token } = await tokenOf(client);
    for (const on of [cluster.a, cluster.b]) expect((await me(access_token, on)).status).toBe(200);
    expect((await change(`/applications/${client.application.id}`)).status).toBe(status);
    await expectRefused(access_token);
    await expect(tokenOf(client)).rejects.toMatchObject({ status: 401 });
  });

  it('are no credential of another kind, and no other is one of these', async () => {
    const { access_token } = await tokenOf(await anOauthClient(api));
    expect((await cluster.a.as({ 'x-api-key': access_token }).get('/auth/me')).status).toBe(401);
    expect((await cluster.a.as({ authorization: `Basic ${access_token}` }).get('/auth/me')).status).toBe(401);
    expect((await cluster.a.as({ authorization: `Bearer ${access_token}`, 'x-api-key': 'cdk_x' }).get('/auth/me')).body.code).toBe('auth.credential_ambiguous');
    for (const wrong of ['a'.repeat(43), `${access_token.slice(0, -1)}~`, `${access_token}x`, '']) expect((await me(wrong)).status).toBe(401);
  });

  it('leave nothing in the database that could be used, and nothing at all once they have expired', async () => {
    const client = await anOauthClient(api);
    const { access_token } = await tokenOf(client);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const everything = JSON.stringify([await unitOfWork.query('SELECT * FROM oauth_payloads'), await unitOfWork.query('SELECT * FROM oauth_clients'), await unitOfWork.query('SELECT * FROM oauth_keys')]);
    for (const secret of [access_token, client.secret, '"d":']) expect(everything).not.toContain(secret);
    clock.advance(2 * 60 * 60_000);
    await cluster.a.app.get(OauthPayloadCleanup).run();
    expect(await unitOfWork.query('SELECT id_hash FROM oauth_payloads WHERE client_id = ?', [client.id])).toEqual([]);
  });

  it('go on with the keys of the next month, and with those of the last', async () => {
    const before = (await (await fetch(server.jwks_uri!)).json()) as { keys: { kid: string }[] };
    clock.advance(31 * 24 * 60 * 60_000);
    const after = (await (await fetch(server.jwks_uri!)).json()) as { keys: { kid: string }[] };
    expect(after.keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining(before.keys.map(({ kid }) => kid)));
    expect(after.keys).toHaveLength(before.keys.length + 1);
    expect((await tokenOf(await anOauthClient(api))).access_token).toMatch(/./);
    const there = (await (await fetch(`${cluster.b.url}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
    expect(there.keys.map(({ kid }) => kid).toSorted()).toEqual(after.keys.map(({ kid }) => kid).toSorted());
  });

  describe('the client', () => {
    it('is shown with its secret once', async () => {
      const application = await anApplication(api);
      const answer = await api.post(`/applications/${application.id}/oauth-client`, { name: 'Order sync', grant_types: ['client_credentials'] });
      expect(answer).toMatchObject({
        status: 201,
        body: { client_id: expect.stringMatching(/^oac_/), client_secret: expect.stringMatching(/^cds_[\w-]{43}$/), application_id: application.id, name: 'Order sync', last_used_at: null },
      });
      expect(answer.headers.get('location')).toBe(`/api/v1/applications/${application.id}/oauth-client/${answer.body.client_id}`);
      const { client_secret: _, ...rest } = answer.body;
      expect((await api.get(`/applications/${application.id}/oauth-client/${answer.body.client_id}`)).body).toEqual(rest);
      expect((await api.get(`/applications/${application.id}/oauth-client`)).body).toMatchObject({ data: [rest], has_more: false });
    });

    it('shows when it was last used', async () => {
      const client = await anOauthClient(api);
      await tokenOf(client);
      expect((await api.get(client.path)).body.last_used_at).toMatch(/^\d{4}-/);
    });

    it('takes a new secret, and the old one for as long as the overlap lasts', async () => {
      const client = await anOauthClient(api);
      const rotated = await api.post(`${client.path}/rotate`, { overlap_seconds: 600 });
      expect(rotated).toMatchObject({ status: 200, body: { client_id: client.id, client_secret: expect.stringMatching(/^cds_/), previous_secret_expires_at: expect.stringMatching(/Z$/) } });
      const fresh = { ...client, secret: rotated.body.client_secret };
      for (const each of [client, fresh]) expect((await tokenOf(each)).access_token).toMatch(/./);
      clock.advance(601_000);
      await expect(tokenOf(client)).rejects.toMatchObject({ status: 401 });
      expect((await tokenOf(fresh)).access_token).toMatch(/./);
      const last = await api.post(`${client.path}/rotate`);
      await expect(tokenOf(fresh)).rejects.toMatchObject({ status: 401 });
      expect((await tokenOf({ ...client, secret: last.body.client_secret })).access_token).toMatch(/./);
    });

    it.each([
      [{ grant_types: ['authorization_code'] }, 'redirect_uris'],
      [{ grant_types: ['refresh_token'] }, 'grant_types'],
      [{ grant_types: ['implicit'] }, 'grant_types'],
      [{ grant_types: ['password'] }, 'grant_types'],
      [{ grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' }, 'grant_types'],
      [{ redirect_uris: ['http://shop.example.com/cb'] }, 'redirect_uris'],
      [{ redirect_uris: ['https://shop.example.com/#x'] }, 'redirect_uris'],
      [{ redirect_uris: ['https://*.example.com/'] }, 'redirect_uris'],
      [{ redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris'],
      [{ client_id: 'mine' }, 'client_id'],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, 'token_endpoint_auth_method'],
    ])('is refused as %j', async (body, field) => {
      const application = await anApplication(api);
      const answer = await api.post(`/applications/${application.id}/oauth-client`, body);
      expect(answer).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    });

    it('is changed by PUT, and held against If-Match', async () => {
      const client = await aWebClient(api);
      const { headers } = await api.get(client.path);
      const changed = await api.put(client.path, { name: 'Renamed' }, { 'if-match': headers.get('etag')! });
      expect(changed).toMatchObject({ status: 200, body: { name: 'Renamed', redirect_uris: expect.any(Array) } });
      expect((await api.put(client.path, { name: 'Again' }, { 'if-match': headers.get('etag')! })).status).toBe(412);
      expect((await api.put(client.path, { redirect_uris: [] })).status).toBe(422);
    });

    it('does not exist for other organizations and applications', async () => {
      const client = await anOauthClient(api);
      const other = await anApplication(api);
      const { api: theirs } = await anOrganization(cluster.a);
      for (const answer of [
        await theirs.get(client.path), await theirs.delete(client.path), await theirs.put(client.path, { name: 'x' }), await theirs.post(`${client.path}/rotate`),
        await theirs.post(`/applications/${client.application.id}/oauth-client`, {}), await theirs.get(`/applications/${client.application.id}/oauth-client`),
        await api.get(`/applications/${other.id}/oauth-client/${client.id}`), await api.delete(`/applications/${other.id}/oauth-client/${client.id}`),
      ]) expect(answer.status).toBe(404);
      expect((await tokenOf(client)).access_token).toMatch(/./);
    });

    it('is not given by who holds less than its application', async () => {
      const client = await anOauthClient(api, {}, await anApplication(api, { scopes: ['applications:write', 'messages:read'] }));
      const { access_token } = await tokenOf(client);
      const wide = await anApplication(api, { scopes: ['*'] });
      expect(await as(access_token).post(`/applications/${wide.id}/oauth-client`, {})).toMatchObject({ status: 403, body: { code: 'application.scope_not_held' } });
    });
  });
});
