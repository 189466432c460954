import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

describe('a receiver that hangs', () => {
  let app: TestApp;
  let sink: CallbackSink;

  beforeAll(async () => {
    app = await startTestApp();
    sink = await startCallbackSink({ answer: (request) => (request.body.data.visitor.name === 'slow' ? 'hang' : { status: 204 }) });
  });

  afterAll(async () => {
    await sink.close();
    await app.close();
  });

  it('holds up neither its own other deliveries nor another endpoint of the same origin', async () => {
    const TIMEOUT_MS = 30_000;
    for (const path of ['one', 'other']) {
      await app.api.post('/callbacks', { url: `${sink.url}/${path}`, events: ['visitor.created'], timeout_ms: TIMEOUT_MS });
    }
    await app.api.post('/visitors', { name: 'slow' });
    await sink.waitFor(2, 5000);
    await app.api.post('/visitors', { name: 'quick' });
    // Far below the time-out that the hanging requests would need to get out of the way.
    await sink.waitFor(4, TIMEOUT_MS / 3);
    const quick = sink.received.filter((request) => request.body.data.visitor.name === 'quick');
    expect(quick.map(({ path }) => path).sort()).toEqual(['/one', '/other']);
  });
});
