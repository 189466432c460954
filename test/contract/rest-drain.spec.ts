import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { API_KEY, startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const BODY = '{"username":"late"}';

function head(length: number): string {
  return `POST /api/v1/agents HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
}

/** A connection with half a request on it, while the service stops. */
async function caughtByTheEnd(app: TestApp): Promise<{ socket: Socket; answer: () => string; closed: Promise<unknown>; stopped: Promise<void> }> {
  const server = app.app.getHttpServer();
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += String(data)));
  const closed = once(socket, 'close');
  socket.write(head(BODY.length) + BODY.slice(0, 5));
  await once(server, 'request');
  const stopped = app.close();
  while (server.listening) await new Promise((resolve) => setImmediate(resolve));
  return { socket, answer: () => text, closed, stopped };
}

it('answers a request that was on its way when the end began, and waits for no kept connection', async () => {
  const { socket, answer, closed, stopped } = await caughtByTheEnd(await startTestApp());
  const began = performance.now();
  socket.write(BODY.slice(5));
  await Promise.all([closed, stopped]);
  expect(answer()).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
  expect(answer().toLowerCase()).toContain('\r\nconnection: close\r\n');
  expect(performance.now() - began).toBeLessThan(5000);
});

it('answers what follows on that connection with a problem document or not at all', async () => {
  const { socket, answer, closed, stopped } = await caughtByTheEnd(await startTestApp());
  socket.write(`${BODY.slice(5)}GET /api/v1/nothing HTTP/1.1\r\nhost: x\r\n\r\n`);
  await Promise.all([closed, stopped]);
  expect(answer()).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
  expect(answer()).not.toContain('"statusCode"');
});
