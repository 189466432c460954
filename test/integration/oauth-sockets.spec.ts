import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anAgent } from '../support/desk.js';
import { Browser, PLAIN_HTTP, REDIRECT_URI, aWebClient, allow, anApplication, anAuthorization, anOauthClient, discover } from '../support/oauth.js';
import type { RegisteredClient } from '../support/oauth.js';
import { connectSocket } from '../support/socket-client.js';
import type { SocketClient } from '../support/socket-client.js';
import type { Caller } from '../support/start-test-app.js';

const PASSWORD = 'the password of an agent';

describe('sockets with access tokens of OAuth', () => {
  let cluster: Cluster;
  let api: Caller;
  let server: oauth.AuthorizationServer;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
    server = await discover(cluster.a.url);
  });

  afterAll(() => cluster.close());

  const authOf = ({ secret }: RegisteredClient) => oauth.ClientSecretBasic(secret);

  async function tokenOf(client: RegisteredClient): Promise<string> {
    const response = await oauth.clientCredentialsGrantRequest(server, { client_id: client.id }, authOf(client), {}, PLAIN_HTTP);
    return (await oauth.processClientCredentialsResponse(server, { client_id: client.id }, response)).access_token;
  }

  async function tokenFor(username: string, client: RegisteredClient): Promise<string> {
    const { url, verifier, state } = await anAuthorization(server, client.id, { scope: 'events:read conversations:read' });
    const callback = await allow(new Browser(cluster.a.url), url, username, PASSWORD);
    const parameters = oauth.validateAuthResponse(server, { client_id: client.id }, new URL(callback), state);
    const response = await oauth.authorizationCodeGrantRequest(server, { client_id: client.id }, authOf(client), parameters, REDIRECT_URI, verifier, PLAIN_HTTP);
    return (await oauth.processAuthorizationCodeResponse(server, { client_id: client.id }, response)).access_token;
  }

  const ended = (client: SocketClient): Promise<string> => new Promise((resolve) => client.socket.once('disconnect', resolve));

  it('hear what the application may see', async () => {
    const application = await anApplication(api, { scopes: ['events:read', 'messages:write'], data_scope: { channels: ['web'] } });
    const token = await tokenOf(await anOauthClient(api, {}, application));
    const client = await connectSocket(cluster.b.url, token);
    await aConversation(api, { channel: 'phone' });
    const seen = await aConversation(api, { channel: 'web' });
    const event = await client.waitFor('conversation.created', 5000);
    expect(event.envelope.data['conversation_id']).toBe(seen.id);
    expect(await client.request('message.send', { conversation_id: seen.id, sender: { type: 'bot', id: 'b' }, type: 'text', content: 'hello' })).toMatchObject({ ok: true });
    client.close();
  });

  it.each([
    ['its token is revoked', async (client: RegisteredClient, token: string) => oauth.revocationRequest(server, { client_id: client.id }, authOf(client), token, PLAIN_HTTP)],
    ['its client is deleted', async (client: RegisteredClient) => api.delete(client.path)],
    ['its application is disabled', async (client: RegisteredClient) => api.put(`/applications/${client.application.id}`, { enabled: false })],
  ])('end on every instance within a second when %s', async (_, change) => {
    const registered = await anOauthClient(api, {}, await anApplication(api, { scopes: ['events:read'] }));
    const token = await tokenOf(registered);
    const clients = await Promise.all([cluster.a, cluster.b].map(({ url }) => connectSocket(url, token)));
    const begunAt = performance.now();
    const ends = clients.map(ended);
    expect((await change(registered, token)).status).toBeLessThan(300);
    expect(await Promise.all(ends)).toEqual(['io server disconnect', 'io server disconnect']);
    expect(performance.now() - begunAt).toBeLessThan(1000);
    await expect(connectSocket(cluster.b.url, token)).rejects.toMatchObject({ code: 'auth.credential_invalid' });
  });

  it('of an agent follow what the agent may see, and end with its password', async () => {
    const agent = await anAgent(api, { password: PASSWORD, department: 'billing' });
    const registered = await aWebClient(api, {}, await anApplication(api, { scopes: ['events:read', 'conversations:read'] }));
    const client = await connectSocket(cluster.b.url, await tokenFor(agent['username'], registered));
    const mine = await aConversation(api, { agent_id: agent.id });
    expect((await client.waitFor('conversation.created', 5000)).envelope.data['conversation_id']).toBe(mine.id);
    const ends = ended(client);
    expect((await api.put(`/agents/${agent.id}`, { password: 'another password' })).status).toBe(200);
    expect(await ends).toBe('io server disconnect');
  });
});
