import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback } from '../support/callback-sink.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const SOURCES = fileURLToPath(new URL('../../docs/receiving-callbacks/', import.meta.url));
const TSX = fileURLToPath(new URL('../../node_modules/.bin/tsx', import.meta.url));
/** A compiler takes its time where other tests run beside it. */
const TIMEOUT_MS = 60_000;

/** Those that are `required` are part of every test environment; the others are tried where they are. */
const LANGUAGES = [
  { name: 'TypeScript', command: [TSX, 'verify.ts'], ed25519: true, required: true },
  { name: 'Python', command: ['python3', 'verify.py'], ed25519: false, required: true },
  { name: 'Java', command: ['java', 'Verify.java'], ed25519: true, required: true },
  { name: 'Go', command: ['go', 'run', 'verify.go'], ed25519: true, required: false },
  { name: 'PHP', command: ['php', 'verify.php'], ed25519: true, required: false },
];

function isThere(program: string): boolean {
  const places = program.includes('/') ? [program] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return places.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

for (const { name, command } of LANGUAGES) {
  if (isThere(command[0]!)) continue;
  const bar = '!'.repeat(80);
  console.warn(`\n${bar}\n! THE VERIFICATION OF CALLBACKS IN ${name.toUpperCase()} WAS NOT TESTED: ${command[0]} is not on the PATH\n${bar}\n`);
}

describe('the documented verification of callbacks', { timeout: TIMEOUT_MS }, () => {
  let app: TestApp;
  let sink: CallbackSink;
  let visitors = 0;

  beforeAll(async () => {
    app = await startTestApp();
    sink = await startCallbackSink();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await app.close();
    await sink.close();
  });

  async function anEndpoint(settings: object): Promise<any> {
    const made = await app.api.post('/callbacks', { url: sink.url, events: ['visitor.created'], ...settings });
    expect(made.status, made.text).toBe(201);
    return made.body;
  }

  /** What the service really sends to this endpoint, and to no other. */
  async function delivered(id: string, events = 1): Promise<ReceivedCallback> {
    sink.clear();
    for (let count = 0; count < events; count++) {
      visitors += 1;
      expect((await app.api.post('/visitors', { external_id: `guide-${visitors}`, name: 'Zoë ☃' })).status).toBe(201);
    }
    const received = await sink.waitFor(() => true, 10_000);
    await app.settle();
    expect((await app.api.delete(`/callbacks/${id}`)).status).toBe(204);
    return received;
  }

  function verdict(command: string[], secret: string, { headers, rawBody }: Pick<ReceivedCallback, 'headers' | 'rawBody'>): Promise<string> {
    const { PATH = '', HOME = '' } = process.env;
    const [program, ...parameters] = command;
    const env = {
      PATH, HOME, WEBHOOK_SECRET: secret, WEBHOOK_ID: String(headers['webhook-id']), WEBHOOK_TIMESTAMP: String(headers['webhook-timestamp']),
      WEBHOOK_SIGNATURE: String(headers['webhook-signature']),
    };
    return new Promise((resolve, reject) => {
      const child = execFile(program!, parameters, { cwd: SOURCES, env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trim());
        else reject(new Error(`${error.message}\n${stderr}`));
      });
      child.stdin!.end(rawBody);
    });
  }

  function changed(callback: ReceivedCallback, headers: Record<string, string>, rawBody = callback.rawBody): ReceivedCallback {
    return { ...callback, headers: { ...callback.headers, ...headers }, rawBody };
  }

  for (const { name, command, ed25519, required } of LANGUAGES) {
    const there = isThere(command[0]!);
    describe.skipIf(!there && !(required && process.env.CI === 'true'))(`in ${name}`, () => {
      it('takes what was sent, and nothing that was changed, is old or has another secret', async () => {
        const { id, secret } = await anEndpoint({});
        const callback = await delivered(id);
        const timestamp = String(Number(callback.headers['webhook-timestamp']) + 1);
        const verdicts = await Promise.all([
          verdict(command, secret, callback),
          verdict(command, secret, changed(callback, {}, `${callback.rawBody} `)),
          verdict(command, secret, changed(callback, { 'webhook-id': 'evt_00000000000000000000000000' })),
          verdict(command, secret, changed(callback, { 'webhook-timestamp': timestamp })),
          verdict(command, secret, changed(callback, { 'webhook-timestamp': 'soon' })),
          verdict(command, secret, changed(callback, { 'webhook-signature': 'v1,' })),
          verdict(command, secret, changed(callback, { 'webhook-signature': 'v1,not base64 ,, v2,AAAA' })),
          verdict(command, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', callback),
          // A vector of Standard Webhooks: rightly signed, long ago.
          verdict(command, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
            headers: { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' },
            rawBody: '{"test": 2432232314}',
          }),
        ]);
        expect(verdicts).toEqual(['genuine', ...Array.from({ length: 8 }, () => 'refused')]);
      });

      it('takes both secrets while one replaces the other', async () => {
        const { id, secret } = await anEndpoint({});
        const rotated = await app.api.post(`/callbacks/${id}/rotate-secret`, { overlap_seconds: 600 });
        expect(rotated.status, rotated.text).toBe(200);
        const callback = await delivered(id);
        expect(String(callback.headers['webhook-signature']).split(' ')).toHaveLength(2);
        expect(await Promise.all([secret, rotated.body.secret].map((each) => verdict(command, each, callback)))).toEqual(['genuine', 'genuine']);
      });

      it('takes a batch, which has one signature', async () => {
        const { id, secret } = await anEndpoint({ batch: { max_items: 2, max_wait_ms: 5000 } });
        const callback = await delivered(id, 2);
        expect(callback.body).toHaveLength(2);
        expect(await verdict(command, secret, callback)).toBe('genuine');
      });

      it.runIf(ed25519)('takes ed25519 by the public key, and no other key', async () => {
        const { id, public_key } = await anEndpoint({ signing: 'ed25519' });
        const callback = await delivered(id);
        const other = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
        const verdicts = await Promise.all([
          verdict(command, public_key, callback),
          verdict(command, other, callback),
          verdict(command, public_key, changed(callback, {}, `${callback.rawBody} `)),
          verdict(command, public_key, changed(callback, { 'webhook-signature': 'v1a,AAAA' })),
        ]);
        expect(verdicts).toEqual(['genuine', 'refused', 'refused', 'refused']);
      });
    });
  }
});
