import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent, anApplication, tally, unique } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import type { SocketClient } from '../support/socket-client.js';
import type { Answer, Caller, TestApp } from '../support/start-test-app.js';

const PASSWORD = 'the password of an agent';
const NEW_PASSWORD = 'another password';
const SOON = { timeout: 1000, interval: 10 };

interface Login {
  as: Caller;
  on: (app: TestApp) => Caller;
  refresh: () => Promise<Answer>;
  socket: SocketClient;
}

describe('an agent', () => {
  let cluster: Cluster;
  const sockets: SocketClient[] = [];

  beforeAll(async () => {
    cluster = await startCluster();
  });

  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await cluster.close();
  });

  const login = (username: string, password = PASSWORD): Promise<Answer> => cluster.a.as({}).post('/auth/login', { username, password });

  /** Tokens that both instances have seen, and a socket on the other one. */
  async function aLoginOf(username: string): Promise<Login> {
    const { body, status } = await login(username);
    expect(status).toBe(200);
    const on = (app: TestApp): Caller => app.as({ authorization: `Bearer ${body.access_token}` });
    for (const app of [cluster.a, cluster.b]) expect((await on(app).get('/auth/me')).status).toBe(200);
    const socket = await connectSocket(cluster.b.url, body.access_token);
    sockets.push(socket);
    return { as: on(cluster.a), on, refresh: () => cluster.a.as({}).post('/auth/refresh', { refresh_token: body.refresh_token }), socket };
  }

  async function expectEnded(ended: Login): Promise<void> {
    expect(await ended.as.get('/auth/me')).toMatchObject({ status: 401, body: { code: 'auth.credential_invalid' } });
    await expect.poll(async () => (await ended.on(cluster.b).get('/auth/me')).status, SOON).toBe(401);
    await expect.poll(() => ended.socket.socket.connected, SOON).toBe(false);
    expect(await ended.refresh()).toMatchObject({ status: 401, body: { code: 'auth.refresh_failed' } });
  }

  async function expectGoingOn(login: Login): Promise<void> {
    for (const app of [cluster.a, cluster.b]) expect((await login.on(app).get('/auth/me')).status).toBe(200);
    expect(login.socket.socket.connected).toBe(true);
    expect(await login.socket.request('sync', { after_position: login.socket.ready.position })).toMatchObject({ ok: true });
    expect((await login.refresh()).status).toBe(200);
  }

  it('logs out of this log-in on every instance, and of no other', async () => {
    const { username } = await anAgent(cluster.a.api, { password: PASSWORD });
    const one = await aLoginOf(username);
    const other = await aLoginOf(username);
    const { status, text } = await one.as.post('/auth/logout');
    expect({ status, text }).toEqual({ status: 204, text: '' });
    await expectEnded(one);
    expect(await one.as.post('/auth/logout')).toMatchObject({ status: 401 });
    await expectGoingOn(other);
  });

  it('sets its password: all other log-ins end, this one goes on', async () => {
    const { username } = await anAgent(cluster.a.api, { password: PASSWORD });
    const one = await aLoginOf(username);
    const others = [await aLoginOf(username), await aLoginOf(username)];
    const { status, text } = await one.as.put('/auth/password', { current_password: PASSWORD, new_password: NEW_PASSWORD });
    expect({ status, text }).toEqual({ status: 204, text: '' });
    for (const other of others) await expectEnded(other);
    await expectGoingOn(one);
    expect((await login(username)).status).toBe(401);
    expect((await login(username, NEW_PASSWORD)).status).toBe(200);
  });

  it('needs the current password, and a new one that is new and long enough', async () => {
    const { username } = await anAgent(cluster.a.api, { password: PASSWORD });
    const one = await aLoginOf(username);
    const other = await aLoginOf(username);
    const put = (body: object): Promise<Answer> => one.as.put('/auth/password', body);
    expect(await put({ current_password: 'a wrong one', new_password: NEW_PASSWORD })).toMatchObject({
      status: 422, body: { code: 'auth.password_wrong', errors: [{ field: 'current_password', code: 'auth.password_wrong' }] },
    });
    expect(await put({ current_password: PASSWORD, new_password: PASSWORD })).toMatchObject({
      status: 422, body: { code: 'auth.password_unchanged', errors: [{ field: 'new_password', code: 'auth.password_unchanged' }] },
    });
    for (const new_password of ['seven77', 'x'.repeat(201), 7, null]) {
      expect(await put({ current_password: PASSWORD, new_password })).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
    }
    await expectGoingOn(one);
    await expectGoingOn(other);
    expect((await login(username)).status).toBe(200);
  });

  it('changes it once when it is changed twice at a time', async () => {
    const { username } = await anAgent(cluster.a.api, { password: PASSWORD });
    const logins = [await aLoginOf(username), await aLoginOf(username)];
    const passwords = [unique('password'), unique('password')];
    const answers = await Promise.all(logins.map(({ on }, index) => on(cluster.each(index)).put('/auth/password', { current_password: PASSWORD, new_password: passwords[index] })));
    const winner = answers.findIndex(({ status }) => status === 204);
    expect([204, 401, 422].filter((status) => answers.some((answer) => answer.status === status))).toHaveLength(2);
    expect((await login(username, passwords[winner])).status).toBe(200);
    expect((await login(username, passwords[1 - winner])).status).toBe(401);
    await expectEnded(logins[1 - winner]!);
    await expectGoingOn(logins[winner]!);
  });

  it('loses all its log-ins when somebody else sets its password', async () => {
    const { username, id } = await anAgent(cluster.a.api, { password: PASSWORD });
    const logins = [await aLoginOf(username), await aLoginOf(username)];
    expect((await cluster.a.api.put(`/agents/${id}`, { password: NEW_PASSWORD })).status).toBe(200);
    for (const each of logins) await expectEnded(each);
  });

  it('is none when it is a key', async () => {
    const { as } = await anApplication(cluster.a);
    for (const caller of [as, cluster.a.api]) {
      const answers = [await caller.post('/auth/logout'), await caller.put('/auth/password', { current_password: PASSWORD, new_password: NEW_PASSWORD })];
      expect(tally(answers)).toEqual({ 403: 2 });
      for (const { body } of answers) expect(body.code).toBe('auth.login_required');
    }
  });
});

describe('guessing the password of a log-in', () => {
  it('is slowed down', async () => {
    const cluster = await startCluster({ env: { RATE_LIMIT: '6000/60' } });
    const { username } = await anAgent(cluster.a.api, { password: PASSWORD });
    const as = await cluster.a.login(username, PASSWORD);
    const answers: Answer[] = [];
    for (let guess = 0; guess < 12; guess++) answers.push(await as.put('/auth/password', { current_password: `guess ${guess}`, new_password: NEW_PASSWORD }));
    expect(tally(answers)[422]).toBeGreaterThanOrEqual(10);
    expect(answers.at(-1)).toMatchObject({ status: 429, body: { code: 'rate_limit.exceeded' } });
    // The owner goes on logging in meanwhile.
    expect((await cluster.a.as({}).post('/auth/login', { username, password: PASSWORD })).status).toBe(200);
    await cluster.close();
  });
});
