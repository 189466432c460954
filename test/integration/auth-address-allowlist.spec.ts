import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, created } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import type { Answer, Caller } from '../support/start-test-app.js';

const ALLOWED = '198.51.100.7';
const ELSEWHERE = '192.0.2.1';

describe('the addresses of an application', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ env: { TRUST_PROXY: '127.0.0.0/8,10.0.0.0/8', RATE_LIMIT: '1000/60' } });
  });

  afterAll(() => cluster.close());

  async function anApplication(ipAllowlist: string[]): Promise<{ id: string; key: string; from: (forwarded: string, on?: Cluster['a']) => Caller }> {
    const { id } = await created(cluster.a.api.post('/applications', { name: 'shop', scopes: ['agents:read', 'messages:write', 'messages:read', 'events:read'], ip_allowlist: ipAllowlist }));
    const { key } = await created(cluster.a.api.post(`/applications/${id}/api-keys`, { name: 'key' }));
    return { id, key: key as string, from: (forwarded, on = cluster.a) => on.as({ 'x-api-key': key as string, 'x-forwarded-for': forwarded }) };
  }

  const expectRefused = ({ status, body }: Answer): void => {
    expect([status, body.code]).toEqual([403, 'auth.address_not_allowed']);
  };

  it('are the only ones that it may call from', async () => {
    const { from } = await anApplication(['198.51.100.0/24', '2001:db8:1::/48']);
    for (const address of [ALLOWED, `::ffff:${ALLOWED}`, '2001:db8:1:2::3', `${ELSEWHERE}, ${ALLOWED}`, `${ALLOWED}, 10.0.0.1`]) {
      expect((await from(address).get('/agents')).status, address).toBe(200);
    }
    for (const address of [ELSEWHERE, '198.51.101.7', '2001:db8:2::3', `${ALLOWED}, ${ELSEWHERE}`, 'unknown', '']) {
      expectRefused(await from(address).get('/agents'));
    }
  });

  it('are looked at before its limit, which a stolen key does not use up', async () => {
    const { from } = await anApplication([`${ALLOWED}/32`]);
    const before = (await from(ALLOWED).get('/agents')).headers.get('ratelimit')!;
    const refused = await from(ELSEWHERE).get('/agents');
    expectRefused(refused);
    expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=\d+$/);
    const after = (await from(ALLOWED).get('/agents')).headers.get('ratelimit')!;
    const left = (header: string): number => Number(/r=(\d+)/.exec(header)![1]);
    expect(left(after)).toBe(left(before) - 1);
  });

  it('are changed at once, on every instance', async () => {
    const { id, from } = await anApplication([]);
    expect((await from(ELSEWHERE, cluster.b).get('/agents')).status).toBe(200);
    expect((await cluster.a.api.put(`/applications/${id}`, { ip_allowlist: [`${ALLOWED}/32`] })).status).toBe(200);
    await expect.poll(async () => (await from(ELSEWHERE, cluster.b).get('/agents')).status, { timeout: 1000 }).toBe(403);
    expect((await from(ALLOWED, cluster.b).get('/agents')).status).toBe(200);
  });

  it('hold for sockets: at the handshake, for their requests, and when they change', async () => {
    const { id, key } = await anApplication([`${ALLOWED}/32`]);
    const connect = (forwarded: string) => connectSocket(cluster.b.url, key, { extraHeaders: { 'x-forwarded-for': forwarded } });
    for (const address of [ELSEWHERE, `${ALLOWED}, ${ELSEWHERE}`]) {
      await expect(connect(address)).rejects.toMatchObject({ code: 'auth.address_not_allowed' });
    }
    const socket = await connect(`${ELSEWHERE}, ${ALLOWED}, 10.0.0.1`);
    const conversation = await aConversation(cluster.a.api);
    const message = { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'hello' };
    expect(await socket.request('message.send', message)).toMatchObject({ ok: true });
    const ended = new Promise<string>((resolve) => socket.socket.once('disconnect', resolve));
    await cluster.a.api.put(`/applications/${id}`, { ip_allowlist: [`${ELSEWHERE}/32`] });
    expect(await ended).toBe('io server disconnect');
    await expect(connect(ALLOWED)).rejects.toMatchObject({ code: 'auth.address_not_allowed' });
    socket.close();
  });

  it('are not known of a socket that comes back, which is given nothing before', async () => {
    const { key } = await anApplication([`${ALLOWED}/32`]);
    const socket = await connectSocket(cluster.a.url, key, { reconnection: true, reconnectionDelay: 50, extraHeaders: { 'x-forwarded-for': ALLOWED } });
    const { id: conversation_id } = await aConversation(cluster.a.api);
    await socket.waitFor('conversation.created', 5000);
    const refused = new Promise<Error & { data?: { code?: string } }>((resolve) => socket.socket.io.engine.once('close', () => socket.socket.once('connect_error', resolve)));
    socket.socket.io.opts.extraHeaders = { 'x-forwarded-for': ELSEWHERE };
    const seen = socket.events.length;
    socket.socket.io.engine.close();
    await cluster.a.api.post('/messages', { conversation_id, sender: { type: 'visitor' }, type: 'text', content: 'missed' });
    expect((await refused).data?.code).toBe('auth.address_not_allowed');
    expect(socket.events.length).toBe(seen);
    socket.close();
  });
});
