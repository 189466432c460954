import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { callbackDesk } from '../support/callback-desk.js';
import { anEndpoint, deliveriesOf, deliveryOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { freePort } from '../support/services.js';

const desk = callbackDesk();

describe('what one endpoint gets', () => {
  it('is never more than its limit in any window, retries included, and nothing is lost', async () => {
    const limit = 6;
    const windowMs = 2000;
    desk.answer = () => ({ status: Math.random() < 0.3 ? 500 : 200 });
    const endpoint = await anEndpoint(desk.api, desk.sink.url, {
      events: ['visitor.created'], rate_limit: { limit, window_seconds: windowMs / 1000 }, retry: { schedule_seconds: Array.from({ length: 15 }, () => 0) },
    });
    await desk.visitors(20);
    await expect.poll(async () => (await deliveriesOf(desk.api, endpoint)).filter(({ status }) => status === 'succeeded').length, { timeout: 60_000, interval: 200 }).toBe(20);
    const deliveries = await Promise.all((await deliveriesOf(desk.api, endpoint)).map(({ id }) => deliveryOf(desk.api, endpoint, id)));
    const times = deliveries.flatMap(({ attempts }) => attempts.map(({ time }: Resource) => Date.parse(time)) as number[]);
    expect(times).toHaveLength(desk.sink.received.length);
    for (const start of times) expect(times.filter((at) => at >= start && at < start + windowMs).length).toBeLessThanOrEqual(limit);
    expect(times.length).toBeGreaterThanOrEqual(20);
  }, 90_000);

  it('holds up no other endpoint by a limit of its own', async () => {
    const over = { events: ['visitor.created'] };
    await anEndpoint(desk.api, `${desk.sink.url}/slow`, { ...over, rate_limit: { limit: 1, window_seconds: 3600 } });
    await anEndpoint(desk.api, `${desk.sink.url}/quick`, over);
    await desk.visitors(15);
    await desk.cluster.settle();
    expect(desk.sink.received.filter(({ path }) => path === '/quick')).toHaveLength(15);
    expect(desk.sink.received.filter(({ path }) => path === '/slow')).toHaveLength(1);
  });

  it('is one attempt when it cannot connect, though it is tried twice', async () => {
    const port = await freePort();
    const endpoint = await anEndpoint(desk.api, `http://127.0.0.1:${port}`, { events: ['visitor.created'], retry: { schedule_seconds: [0, 3600] } });
    await desk.visitors(1);
    await desk.cluster.settle();
    const [delivery] = await deliveriesOf(desk.api, endpoint);
    expect(await deliveryOf(desk.api, endpoint, delivery!.id)).toMatchObject({ status: 'failed', attempt_count: 1, attempts: [{ error_class: 'connect' }] });
  });

  it('is not sent again at once when the connection broke after the request', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.once('data', () => socket.destroy());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const endpoint = await anEndpoint(desk.api, `http://127.0.0.1:${port}`, { events: ['visitor.created'], retry: { schedule_seconds: [0, 3600] } });
    await desk.visitors(1);
    await desk.cluster.settle();
    const [delivery] = await deliveriesOf(desk.api, endpoint);
    expect(delivery).toMatchObject({ status: 'failed', attempt_count: 1 });
    expect(connections).toBe(1);
    await new Promise((resolve) => server.close(resolve));
  });

  it('comes when others hold all their places and fail all the time', async () => {
    desk.answer = ({ path }) => (path === '/hangs' ? 'hang' : { status: path === '/fails' ? 500 : 200 });
    const over = { events: ['visitor.created'], timeout_ms: 30_000 };
    const hanging = await anEndpoint(desk.api, `${desk.sink.url}/hangs`, over);
    const failing = await anEndpoint(desk.api, `${desk.sink.url}/fails`, { ...over, retry: { schedule_seconds: Array.from({ length: 20 }, () => 0) } });
    await desk.visitors(32);
    await desk.sink.waitFor(() => desk.sink.received.filter(({ path }) => path === '/hangs').length === 32, 10_000);
    await anEndpoint(desk.api, `${desk.sink.url}/well`, over);
    await desk.visitors(60);
    // A third of what the hanging requests would need to get out of the way.
    await desk.sink.waitFor(() => desk.sink.received.filter(({ path }) => path === '/well').length === 60, 10_000);
    expect(desk.sink.received.filter(({ path }) => path === '/hangs')).toHaveLength(32);
    expect(desk.sink.received.filter(({ path }) => path === '/fails').length).toBeGreaterThan(60);
    await desk.api.delete(`/callbacks/${hanging.id}`);
    await desk.api.delete(`/callbacks/${failing.id}`);
  }, 60_000);
});
