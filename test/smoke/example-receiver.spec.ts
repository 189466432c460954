import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBuiltServer } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';
import { dieTogether, freePort } from '../support/services.js';

const RECEIVER = fileURLToPath(new URL('../../examples/receiver/receiver.ts', import.meta.url));
/** Not the command, which would start a second process that a kill does not reach. */
const TSX = new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href;
const TIMEOUT_MS = 60_000;
const WAIT = { timeout: 20_000, interval: 50 };

describe('examples/receiver, against the built server', { timeout: TIMEOUT_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'crossdesk-receiver-'));
  const inbox = join(folder, 'inbox.jsonl');
  let server: BuiltServer;
  let receiver: { process: ChildProcess; output: () => string };
  let port: number;
  let endpoint: any;

  beforeAll(async () => {
    server = await startBuiltServer({ CALLBACK_ALLOW_CIDRS: '127.0.0.0/8' });
    port = await freePort();
    endpoint = await anEndpoint();
    receiver = await startReceiver();
  }, TIMEOUT_MS);

  afterAll(async () => {
    receiver?.process.kill();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TIMEOUT_MS);

  async function anEndpoint(): Promise<any> {
    const made = await server.api.post('/callbacks', { url: `http://127.0.0.1:${port}/`, events: ['visitor.*'], retry: { schedule_seconds: [0, 1, 1, 1, 1] } });
    expect(made.status, made.text).toBe(201);
    return made.body;
  }

  async function startReceiver(): Promise<{ process: ChildProcess; output: () => string }> {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, ['--import', TSX, RECEIVER], { env: { PATH, HOME, WEBHOOK_SECRET: endpoint.secret, INBOX: inbox, PORT: String(port) } });
    dieTogether(child);
    let text = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const output = (): string => text;
    await vi.waitFor(() => expect(output()).toContain('listening'), WAIT);
    return { process: child, output };
  }

  function received(): { id: string; event: string; data: any }[] {
    return readFileSync(inbox, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  }

  async function deliveries(): Promise<any[]> {
    return (await server.api.get(`/callbacks/${endpoint.id}/deliveries`)).body.data;
  }

  async function aVisitor(name: string): Promise<void> {
    expect((await server.api.post('/visitors', { external_id: name })).status).toBe(201);
  }

  async function post(body: string, headers: Record<string, string>): Promise<number> {
    return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })).status;
  }

  function signed(id: string, body: string, secret: string = endpoint.secret, at = new Date()): Record<string, string> {
    return {
      'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    };
  }

  it('takes two events, each once', async () => {
    await aVisitor('Ada');
    await aVisitor('Grace');
    await expect.poll(async () => (await deliveries()).map(({ status }) => status), WAIT).toEqual(['succeeded', 'succeeded']);
    expect(received().map(({ event, data }) => [event, data.visitor?.external_id]).toSorted()).toEqual([['visitor.created', 'Ada'], ['visitor.created', 'Grace']]);
    expect(received().map(({ id }) => id).toSorted()).toEqual((await deliveries()).map(({ event_id }) => event_id).toSorted());
  });

  it('answers success to an event that comes again, and takes it once', async () => {
    const [delivery] = await deliveries();
    expect((await server.api.post(`/callbacks/${endpoint.id}/deliveries/${delivery.id}/retry`)).status).toBe(202);
    await expect.poll(async () => (await deliveries())[0], WAIT).toMatchObject({ status: 'succeeded', attempt_count: 2 });
    expect(received()).toHaveLength(2);
    expect(receiver.output().split('received visitor.created')).toHaveLength(3);
  });

  it('refuses what is forged, changed, old or not signed', async () => {
    const body = JSON.stringify({ id: 'evt_forged', event: 'visitor.created', timestamp: 1, data: {} });
    expect(await post(body, signed('evt_forged', body, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'))).toBe(401);
    expect(await post(`${body} `, signed('evt_forged', body))).toBe(401);
    expect(await post(body, signed('evt_forged', body, endpoint.secret, new Date(Date.now() - 600_000)))).toBe(401);
    expect(await post(body, {})).toBe(401);
    expect(await post('x'.repeat(6 * 1024 * 1024), signed('evt_forged', 'x')).catch(() => 413)).toBe(413);
    expect(received()).toHaveLength(2);
  });

  it('takes a test for what it is', async () => {
    const answer = await server.api.post(`/callbacks/${endpoint.id}/test`, { event: 'visitor.created' });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toContain('204');
    expect(received()).toHaveLength(2);
  });

  it('takes of a batch what it has not got', async () => {
    const [first] = received();
    const fresh = { id: 'evt_fresh', event: 'visitor.created', timestamp: 1, data: {} };
    const body = JSON.stringify([first, fresh, fresh]);
    expect(await post(body, signed('batch', body))).toBe(204);
    expect(received().map(({ id }) => id)).toEqual([...received().slice(0, 2).map(({ id }) => id), 'evt_fresh']);
  });

  it('knows after it was killed what it has, and gets what happened while it was away', async () => {
    receiver.process.kill('SIGKILL');
    await aVisitor('Barbara');
    await expect.poll(async () => (await deliveries())[0], WAIT).toMatchObject({ status: 'failed' });
    receiver = await startReceiver();
    await expect.poll(async () => (await deliveries())[0], WAIT).toMatchObject({ status: 'succeeded' });
    const oldest = (await deliveries()).at(-1);
    expect((await server.api.post(`/callbacks/${endpoint.id}/deliveries/${oldest.id}/retry`)).status).toBe(202);
    await expect.poll(async () => (await deliveries()).at(-1), WAIT).toMatchObject({ status: 'succeeded', attempt_count: oldest.attempt_count + 1 });
    expect(received().map(({ data }) => data.visitor?.external_id)).toEqual([expect.any(String), expect.any(String), undefined, 'Barbara']);
  });
});
