import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { anEndpoint } from '../support/desk.js';
import { openDatabase } from '../support/open-database.js';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';
import { storeEvents } from '../support/stored-events.js';

describe('a recovery whose process is killed', { timeout: 180_000 }, () => {
  const EVENTS = 8000;
  let place: TestDatabaseUrl;
  let server: ServerProcess;
  let sink: CallbackSink;

  beforeEach(async () => {
    place = await anEmptyDatabase();
    sink = await startCallbackSink();
  });

  afterEach(async () => {
    await server.kill();
    await sink.close();
    await place.drop();
  });

  const start = async (): Promise<Caller> => {
    server = await startServer({
      DATABASE_URL: place.url, REDIS_URL: place.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough', BOOTSTRAP_API_KEY: API_KEY,
      CALLBACK_ALLOW_CIDRS: '127.0.0.0/8', RATE_LIMIT: 'off', LOG_LEVEL: 'fatal', SHUTDOWN_TIMEOUT: '5',
    });
    return new Caller(server.url, { 'x-api-key': API_KEY });
  };

  it('is gone on with by the next one, until everything is delivered', async () => {
    await start();
    await server.stop();
    const opened = await openDatabase(place);
    const { unitOfWork } = opened;
    const [organization] = await unitOfWork.query<{ id: string }>('SELECT id FROM organizations');
    const begin = Date.now() - 3_600_000;
    const ids = await storeEvents(unitOfWork, organization!.id, Array.from({ length: EVENTS }, (_, index) => begin + index));
    await opened.close();

    let api = await start();
    const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'] });
    const { body } = await api.post(`/callbacks/${endpoint.id}/recover`, { since: new Date(begin).toISOString() });
    const path = `/callbacks/${endpoint.id}/recoveries/${body.id}`;
    await expect.poll(async () => (await api.get(path)).body.done, { timeout: 20_000, interval: 1 }).toBeGreaterThan(0);
    await server.kill();

    api = await start();
    const { body: left } = await api.get(path);
    // The administrator that was made at the first start is told of by an event too.
    expect(left).toMatchObject({ total: EVENTS + 1 });
    await expect.poll(async () => (await api.get(path)).body.status, { timeout: 120_000, interval: 100 }).toBe('succeeded');
    expect((await api.get(path)).body).toMatchObject({ total: EVENTS + 1, done: EVENTS + 1, recovered: EVENTS });
    await expect.poll(() => new Set(sink.received.map(({ headers }) => headers['webhook-id'])).size, { timeout: 60_000, interval: 100 }).toBe(EVENTS);
    expect(new Set(sink.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(ids));
    const { body: deliveries } = await api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true`);
    expect(deliveries.total).toBe(EVENTS);
    console.info(`recovery: killed at ${left.done} of ${EVENTS} events; ${sink.received.length - EVENTS} callbacks came twice`);
  });
});
