import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '../../src/kernel/clock.js';
import { CrmSyncService } from '../../src/modules/crm/sync/crm-sync.service.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Outbox } from '../../src/platform/outbox/outbox.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { startCluster } from '../support/cluster.js';
import { sendPage, startCrmServer } from '../support/crm-server.js';
import type { CrmRequest, CrmServer } from '../support/crm-server.js';
import { anOrganization, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const MINUTE_MS = 60_000;
const INTERVAL_MS = 300_000;

/** Stands until the test moves it. */
class StillClock extends Clock {
  private at = Date.now();

  now(): number {
    return this.at;
  }

  forward(ms: number): void {
    this.at += ms;
  }
}

let crm: CrmServer;
let app: TestApp;
let clock: StillClock;

beforeAll(async () => {
  crm = await startCrmServer();
  clock = new StillClock();
  app = await startTestApp({ clock, env: settings() });
  await stopTimerOf(app);
}, 60_000);

/** Only the test looks for what is due: somebody else has the lease. */
async function stopTimerOf(worker: TestApp): Promise<void> {
  const unitOfWork = worker.app.get(UnitOfWork);
  await unitOfWork.run(() => unitOfWork.write('INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)', ['crm-sync', 'the test', Number.MAX_SAFE_INTEGER]));
}

/** As if nothing had been fetched. */
beforeEach(async () => {
  crm.requests.length = 0;
  crm.answer = (_, response) => sendPage(response, {});
  const unitOfWork = app.app.get(UnitOfWork);
  for (const table of ['crm_syncs', 'crm_customers', 'crm_orders']) await unitOfWork.run(() => unitOfWork.write(`DELETE FROM ${table}`, []));
});

afterAll(async () => {
  await app.close();
  await crm.close();
});

const settings = (): Record<string, string> => ({ CRM_SYNC_URL: `${crm.url}/changes?shop=7`, CRM_SYNC_AUTHORIZATION: 'Bearer of the desk', CRM_SYNC_ALLOW_CIDRS: '127.0.0.0/8' });

/** As the worker's timer does, now. */
async function look(worker: TestApp = app): Promise<void> {
  await worker.app.get(CrmSyncService).wakeWhenDue();
  await worker.app.get(JobQueue).whenIdle();
}

async function state(of: TestApp = app): Promise<Resource> {
  return (await of.api.get('/crm/sync')).body;
}

function customers(from: number, count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({ customer_id: `C-${from + index}`, name: `Customer ${from + index}`, balance: 12 }));
}

/** Pages of 150 customers, each with an order of the next one; the last is empty. */
function pages(count: number): (request: CrmRequest, response: ServerResponse) => void {
  return ({ cursor }, response) => {
    const page = Number(cursor ?? 0);
    if (page >= count) return sendPage(response, { next_cursor: String(count) });
    sendPage(response, { customers: customers(page * 150, 150), orders: [{ order_id: `O-${page}`, customer_id: `C-${(page + 1) * 150}`, amount: '10.50' }], next_cursor: String(page + 1) });
  };
}

async function total(path: string): Promise<number> {
  return (await app.api.get(`${path}?limit=1&include_total=true`)).body.total;
}

describe('the import from a CRM', () => {
  it('fetches all pages, then what is new, and tells of each once', async () => {
    crm.answer = pages(3);
    const first = await during(app.api, () => look());
    expect(crm.requests.map(({ cursor }) => cursor)).toEqual([null, '1', '2', '3']);
    expect(crm.requests[0]).toMatchObject({ path: '/changes', limit: '500', headers: { authorization: 'Bearer of the desk', accept: 'application/json' } });
    expect([await total('/crm/customers'), await total('/crm/orders')]).toEqual([450, 3]);
    expect(first.events.filter(({ event }) => event === 'customer.created')).toHaveLength(450);
    expect(await state()).toEqual({
      configured: true, url: `${crm.url}/changes`, running: false, cursor: '3', next_at: new Date(clock.now() + INTERVAL_MS).toISOString(), last_started_at: new Date(clock.now()).toISOString(),
      last_succeeded_at: new Date(clock.now()).toISOString(), failures: 0, last_error: null, pages: 4, stored: 453, refused: 0,
    });

    await look();
    expect(crm.requests).toHaveLength(4);
    clock.forward(INTERVAL_MS);
    crm.answer = (_, response) => sendPage(response, { customers: [{ customer_id: 'C-0', level: 'VIP' }, ...customers(1, 5)] });
    const second = await during(app.api, () => look());
    expect(crm.requests.at(-1)!.cursor).toBe('3');
    expect(second.events.map(({ event, data }) => [event, data['customer_id'], data['changed']])).toEqual([['customer.updated', 'C-0', ['level']]]);
    expect(await state()).toMatchObject({ cursor: '3', failures: 0 });
  });

  it('leaves out what is not valid and stores the rest', async () => {
    crm.answer = (_, response) => sendPage(response, `{"customers":[{"customer_id":"good"},{"name":"no id"},7],"orders":[{"order_id":"good","amount":1234567890123456},{"order_id":"fine","amount":12.5}]}`);
    await look();
    expect(await state()).toMatchObject({ failures: 0, stored: 2, refused: 3, pages: 1 });
    expect([await total('/crm/customers'), (await app.api.get('/crm/orders')).body.data.map(({ order_id, amount }: Resource) => [order_id, amount])]).toEqual([1, [['fine', '12.5']]]);
  });

  it('ends when pages repeat themselves', async () => {
    crm.answer = (_, response) => sendPage(response, { customers: customers(0, 3), next_cursor: 'same' });
    await look();
    expect(crm.requests.map(({ cursor }) => cursor)).toEqual([null, 'same']);
    expect([await total('/crm/customers'), (await state())['cursor']]).toEqual([3, 'same']);
  });

  it('ends with an empty next_cursor, and goes on from the last one', async () => {
    crm.answer = ({ cursor }, response) => sendPage(response, { customers: customers(cursor === '2' ? 3 : 0, 3), next_cursor: cursor === null || cursor === '' ? '2' : '' });
    await look();
    expect(crm.requests.map(({ cursor }) => cursor)).toEqual([null, '2']);
    expect([await total('/crm/customers'), (await state())['cursor']]).toEqual([6, '2']);
  });

  const FAILURES: [string, (request: CrmRequest, response: ServerResponse) => void, RegExp][] = [
    ['answers 500', (_, response) => response.writeHead(500).end('<html>'), /answered 500/],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), /answered 302/],
    ['hangs up', (_, response) => response.destroy(), /reset/],
    ['dies in the middle of a page', (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write(`{"customers":${JSON.stringify(customers(0, 50))},"next_`);
      setImmediate(() => response.destroy());
    }, /not all of it arrived/],
    ['answers no JSON', (_, response) => sendPage(response, 'none'), /not JSON/],
    ['answers something else', (_, response) => sendPage(response, { customers: {} }), /must be lists/],
    ['answers too much', (_, response) => sendPage(response, `{"a":"${'x'.repeat(9 * 1024 * 1024)}"}`), /larger/],
  ];

  it.each(FAILURES)('tries again from where it was when the CRM %s', async (_, failing, reason) => {
    const whole = pages(2);
    crm.answer = (request, response) => (request.cursor === '1' ? failing(request, response) : whole(request, response));
    await look();
    expect(await total('/crm/customers')).toBe(150);
    const failed = await state();
    expect(failed).toMatchObject({ cursor: '1', failures: 1, last_error: expect.stringMatching(reason), last_succeeded_at: null, running: false });
    const waitMs = Date.parse(failed['next_at']) - clock.now();
    expect([waitMs >= 5000, waitMs <= 6000]).toEqual([true, true]);

    const asked = crm.requests.length;
    await look();
    expect(crm.requests).toHaveLength(asked);
    clock.forward(6000);
    await look();
    expect(await state()).toMatchObject({ failures: 2 });
    crm.answer = whole;
    clock.forward(MINUTE_MS);
    await look();
    expect(crm.requests.slice(asked).map(({ cursor }) => cursor)).toEqual(['1', '1', '2']);
    expect(await state()).toMatchObject({ cursor: '2', failures: 0, last_error: null });
    expect(await total('/crm/customers')).toBe(300);
  });

  it('waits as long as the CRM asks it to', async () => {
    crm.answer = (_, response) => response.writeHead(429, { 'retry-after': '120' }).end();
    await look();
    expect(Date.parse((await state())['next_at']) - clock.now()).toBe(120_000);
  });

  it('stores a page again whose storing was cut off, and its cursor with its last slice only', async () => {
    crm.answer = pages(1);
    const outbox = app.app.get(Outbox);
    const append = outbox.append.bind(outbox);
    let told = 0;
    outbox.append = (...events) => {
      if ((told += events.length) > 120) throw new Error('The process is gone.');
      append(...events);
    };
    await look();
    expect([await total('/crm/customers'), (await state())['cursor'], (await state())['pages']]).toEqual([100, null, 0]);
    outbox.append = append;
    clock.forward(MINUTE_MS);
    const { events } = await during(app.api, () => look());
    expect(events.filter(({ event }) => event === 'customer.created')).toHaveLength(50);
    expect([await total('/crm/customers'), (await state())['cursor']]).toEqual([150, '1']);
  });

  it('reaches no internal address that was not opened', async () => {
    const confined = await startTestApp({ clock, env: { ...settings(), CRM_SYNC_ALLOW_CIDRS: '' } });
    try {
      await stopTimerOf(confined);
      await look(confined);
      expect(crm.requests).toEqual([]);
      expect(await state(confined)).toMatchObject({ failures: 1, last_error: expect.stringContaining('address_forbidden') });
    } finally {
      await confined.close();
    }
  }, 60_000);

  it('belongs to one organization, and shows no other one its state and nobody its secret', async () => {
    await look();
    const { api } = await anOrganization(app);
    expect((await api.get('/crm/sync')).body).toMatchObject({ configured: false, url: null, cursor: null, next_at: null });
    expect(JSON.stringify(await state())).not.toContain('of the desk');
    expect((await app.as({}).get('//metrics')).text).toMatch(/crossdesk_crm_sync_pages_total\{outcome="stored"\} [1-9]/);
  });
});

describe('two workers', () => {
  it('fetch each page once', async () => {
    crm.answer = pages(3);
    const cluster = await startCluster({ clock, env: settings() });
    try {
      await stopTimerOf(cluster.a);
      await Promise.all([cluster.a, cluster.b, cluster.a, cluster.b].map((worker) => look(worker)));
      expect(crm.requests.map(({ cursor }) => cursor)).toEqual([null, '1', '2', '3']);
      expect((await cluster.b.api.get('/crm/sync')).body).toMatchObject({ pages: 4, stored: 453, failures: 0, cursor: '3' });
    } finally {
      await cluster.close();
    }
  }, 60_000);
});
