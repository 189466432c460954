import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_PASSWORD, startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const redis = process.env.TEST_MATRIX === 'servers';
const PASSWORD = 'a long enough password 1';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

/** As a browser sends it: a form, from a page of the same site. */
function fetchPage(path: string, { method = 'GET', form, headers = {} }: { method?: string; form?: Record<string, string>; headers?: Record<string, string> } = {}): Promise<Response> {
  return fetch(app.url + path, {
    method,
    redirect: 'manual',
    headers: { ...(method !== 'GET' && { origin: app.url }), ...headers },
    ...(form !== undefined && { body: new URLSearchParams(form) }),
  });
}

async function logIn(username: string, password: string): Promise<{ status: number; cookie: string; setCookie: string }> {
  const answer = await fetchPage('/admin/login', { method: 'POST', form: { username, password } });
  const setCookie = answer.headers.get('set-cookie') ?? '';
  return { status: answer.status, cookie: setCookie.split(';', 1)[0]!, setCookie };
}

async function anAgent(username: string, role: string): Promise<string> {
  const created = await app.api.post('/agents', { username, password: PASSWORD, role });
  expect(created.status, created.text).toBe(201);
  return created.body.id;
}

describe.skipIf(redis)('without Redis', () => {
  it.each(['/admin/queues', '/admin/queues/api/queues', '/admin/login'])('there is nothing at %s', async (path) => {
    const answer = await fetchPage(path);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'route.not_found' });
  });
});

describe.skipIf(!redis)('Bull Board', () => {
  it('sends whoever has no session to the page for logging in, and answers programs 401', async () => {
    const page = await fetchPage('/admin/queues');
    expect([page.status, page.headers.get('location')]).toEqual([303, '/admin/login']);
    expect((await fetchPage('/admin/queues/api/queues')).status).toBe(401);
    expect((await fetchPage('/admin/queues/static/js/none.js')).status).toBe(303);
    expect((await fetchPage('/admin/queues', { headers: { cookie: 'crossdesk_queues=v1.AAAA.BBBB' } })).status).toBe(303);
    expect((await app.api.get('//admin/queues/api/queues')).status).toBe(401);
  });

  it('shows its page and the queues to an admin of the operator, in a session that scripts cannot read', async () => {
    const { status, cookie, setCookie } = await logIn('admin', ADMIN_PASSWORD);
    expect(status).toBe(303);
    expect(setCookie).toMatch(/^crossdesk_queues=v1\.[\w.-]+; Path=\/admin; Max-Age=28800; HttpOnly; SameSite=Strict$/);
    const page = await fetchPage('/admin/queues', { headers: { cookie } });
    const html = await page.text();
    expect(page.status, html).toBe(200);
    expect(html).toContain('<base href="/admin/queues/"');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
    const [script] = /static\/js\/main\.\w+\.js/.exec(html)!;
    expect((await fetchPage(`/admin/queues/${script}`, { headers: { cookie } })).status).toBe(200);
    const queues = (await (await fetchPage('/admin/queues/api/queues', { headers: { cookie } })).json()) as { queues: { name: string }[] };
    expect(queues.queues.map(({ name }) => name)).toContain('pump-endpoint');
  });

  it('shows jobs that hold the id of an endpoint and nothing else, and brings one forward', async () => {
    const { cookie } = await logIn('admin', ADMIN_PASSWORD);
    const endpoint = await app.api.post('/callbacks', { url: 'http://127.0.0.1:9/hook', events: ['visitor.created'], secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', retry: { schedule_seconds: [3600] } });
    expect(endpoint.status, endpoint.text).toBe(201);
    await app.api.post('/visitors', { external_id: 'board-1', name: 'Ada' });
    const list = async (): Promise<any[]> => {
      const answer = await fetchPage('/admin/queues/api/queues?activeQueue=pump-endpoint&status=delayed', { headers: { cookie } });
      return ((await answer.json()) as any).queues.find(({ name }: { name: string }) => name === 'pump-endpoint').jobs;
    };
    await expect.poll(async () => (await list()).length).toBe(1);
    const [job] = await list();
    expect(job.data).toBe(endpoint.body.id);
    expect(JSON.stringify(job)).not.toContain('whsec_');
    const promote = `/admin/queues/api/queues/pump-endpoint/${job.id}/promote`;
    expect((await fetchPage(promote, { method: 'PUT', headers: { cookie, origin: 'https://elsewhere.example' } })).status).toBe(403);
    expect((await fetchPage(promote, { method: 'PUT', headers: { cookie, 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await fetchPage(promote, { method: 'PUT' })).status).toBe(401);
    const promoted = await fetchPage(promote, { method: 'PUT', headers: { cookie } });
    expect(promoted.status, await promoted.text()).toBe(204);
    await expect.poll(async () => (await list()).length).toBe(0);
  });

  it.each([
    ['PUT', 'pump-endpoint/pause'], ['PUT', 'pause'], ['PUT', 'pump-endpoint/empty'], ['PUT', 'pump-endpoint/obliterate'],
    ['PUT', 'pump-endpoint/clean/failed'], ['POST', 'pump-endpoint/add'], ['PUT', 'pump-endpoint/concurrency'], ['PATCH', 'pump-endpoint/1/update-data'],
  ])('refuses %s %s', async (method, path) => {
    const { cookie } = await logIn('admin', ADMIN_PASSWORD);
    expect((await fetchPage(`/admin/queues/api/queues/${path}`, { method, headers: { cookie } })).status).toBe(403);
  });

  it('admits neither other roles, nor wrong passwords, nor admins of other organizations', async () => {
    await anAgent('board-supervisor', 'supervisor');
    expect(await logIn('board-supervisor', PASSWORD)).toMatchObject({ status: 401, setCookie: '' });
    expect(await logIn('admin', 'wrong')).toMatchObject({ status: 401, setCookie: '' });
    expect(await logIn('', '')).toMatchObject({ status: 401, setCookie: '' });
    expect(await logIn('a'.repeat(5000), 'b')).toMatchObject({ status: 401, setCookie: '' });
    const made = await app.api.post('/organizations', { slug: 'tenant', name: 'Tenant' });
    expect(made.status, made.text).toBe(201);
    const chief = await app.as({ 'x-api-key': made.body.api_key.key }).post('/agents', { username: 'chief', password: PASSWORD, role: 'admin' });
    expect(chief.status, chief.text).toBe(201);
    expect(await logIn('chief', PASSWORD)).toMatchObject({ status: 401, setCookie: '' });
  });

  it('takes no form of another site, and no body that is no form', async () => {
    const form = { username: 'admin', password: ADMIN_PASSWORD };
    expect((await fetchPage('/admin/login', { method: 'POST', form, headers: { origin: 'https://elsewhere.example' } })).status).toBe(403);
    expect((await fetchPage('/admin/login', { method: 'POST', form, headers: { 'sec-fetch-site': 'same-site' } })).status).toBe(403);
    expect((await fetchPage('/admin/login', { method: 'POST', form: { username: 'x'.repeat(20_000) } })).status).toBe(413);
    expect((await fetchPage('/admin/login', { method: 'POST', headers: { 'content-type': 'application/json' } })).status).toBe(415);
  });

  it('ends with the log-out, with the role and with the agent', async () => {
    const id = await anAgent('board-admin', 'admin');
    const first = await logIn('board-admin', PASSWORD);
    const second = await logIn('board-admin', PASSWORD);
    const looks = async (cookie: string): Promise<number> => (await fetchPage('/admin/queues', { headers: { cookie } })).status;
    expect([await looks(first.cookie), await looks(second.cookie)]).toEqual([200, 200]);
    const out = await fetchPage('/admin/logout', { method: 'POST', headers: { cookie: first.cookie } });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/admin/login']);
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    expect([await looks(first.cookie), await looks(second.cookie)]).toEqual([303, 200]);
    expect((await app.api.put(`/agents/${id}`, { role: 'supervisor' })).status).toBe(200);
    expect(await looks(second.cookie)).toBe(303);
  });
});
