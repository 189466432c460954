import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';

const SLICE = 100;
const ROWS = 1000;

describe('a batch whose process is killed', { timeout: 180_000 }, () => {
  let place: TestDatabaseUrl;
  let server: ServerProcess;

  beforeEach(async () => {
    place = await anEmptyDatabase();
  });

  afterEach(async () => {
    await server.kill();
    await place.drop();
  });

  const start = async (): Promise<Caller> => {
    server = await startServer({
      DATABASE_URL: place.url, REDIS_URL: place.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough', BOOTSTRAP_API_KEY: API_KEY,
      RATE_LIMIT: 'off', LOG_LEVEL: 'fatal', SHUTDOWN_TIMEOUT: '5',
    });
    return new Caller(server.url, { 'x-api-key': API_KEY });
  };

  const total = async (api: Caller, path: string): Promise<number> => (await api.get(`${path}limit=1&include_total=true`)).body.total;

  it('leaves whole slices, and the rest is stored when it comes again', async () => {
    let api = await start();
    // Wide rows, so that there is a middle in which to be killed.
    const customers = Array.from({ length: ROWS }, (_, index) => ({ customer_id: `C-${index}`, name: `Customer ${index}`, tags: ['a', 'b', `t${index}`], metadata: { text: 'x'.repeat(6000) } }));
    const batch = api.post('/crm/customers/batch', { customers }).catch(() => 'lost');
    await expect.poll(() => total(api, '/crm/customers?'), { timeout: 60_000, interval: 1 }).toBeGreaterThan(0);
    await server.kill();
    const answered = (await batch) !== 'lost';

    api = await start();
    const stored = await total(api, '/crm/customers?');
    expect(stored % SLICE).toBe(0);
    expect(await total(api, '/crm/customers?tag=a&')).toBe(stored);
    expect(await total(api, '/events?event=customer.created&')).toBe(stored);
    const again = await api.post('/crm/customers/batch', { customers });
    expect(again.body).toMatchObject({ unchanged: stored, created: ROWS - stored, updated: 0, invalid: 0 });
    expect([await total(api, '/crm/customers?'), await total(api, '/events?event=customer.created&')]).toEqual([ROWS, ROWS]);
    console.info(`batch: killed at ${stored} of ${ROWS} rows${answered ? ', after its answer' : ''}`);
  });
});
