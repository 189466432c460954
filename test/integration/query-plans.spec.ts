import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { AttemptLog } from '../../src/modules/callbacks/dispatch/attempt-log.js';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { DueDeliveries } from '../../src/modules/callbacks/dispatch/due-deliveries.js';
import { DeliveriesRepository } from '../../src/modules/callbacks/deliveries/deliveries.repository.js';
import { DeliveryRetention } from '../../src/modules/callbacks/deliveries/delivery-retention.js';
import { EndpointsRepository } from '../../src/modules/callbacks/endpoints/endpoints.repository.js';
import { PastEvents } from '../../src/modules/callbacks/recoveries/past-events.js';
import { EventRetention } from '../../src/modules/events/event-retention.js';
import { encodeCursor } from '../../src/platform/database/keyset.js';
import { addRows, changeRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Sequencer } from '../../src/platform/outbox/sequencer.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { anEndpoint, anOrganization, deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectNoSorting, linesOf, planOf, plansWithoutScan, recorded, rowsRead } from '../support/query-plans.js';
import type { Plan, Statement } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** The tables that grow with the traffic. */
const LARGE = ['events', 'callback_deliveries', 'callback_attempts'];
const DELIVERIES = HAS_SERVERS ? 60_000 : 200_000;
/** Three of a hundred, and those in order. */
const OUTSTANDING = (DELIVERIES * 3) / 100 + 1000;
const SEEDED_AT_A_TIME = 2000;
const DAY_MS = 86_400_000;
/** One in so many is neither: these are the others among deliveries that succeeded. */
const STATES = ['pending', 'failed', 'delivering', 'exhausted', 'discarded'] as const;

/** How what is asked all the time and what people ask reaches tables that have grown, as the database itself says it. */
describe('no query reads a large table from end to end', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let organization: Resource;
  let endpoint: Resource;
  let ordered: Resource;
  let batched: Resource;

  beforeAll(async () => {
    // Nobody but the test may touch what is due.
    app = await startTestApp({ env: { ROLES: 'api' } });
    ({ api, organization } = await anOrganization(app));
    endpoint = await anEndpoint(api, 'http://127.0.0.1:9/', { events: ['message.*'] });
    ordered = await anEndpoint(api, 'http://127.0.0.1:9/', { events: ['message.*'], ordering: 'per_conversation' });
    batched = await anEndpoint(api, 'http://127.0.0.1:9/', { events: ['message.*'], batch: { max_items: 100, max_wait_ms: 1000 } });
    await seed();
  }, 180_000);

  afterAll(() => app.close());

  /** Most of it at one endpoint, over the last 30 days; of every hundred five have not succeeded. */
  async function seed(): Promise<void> {
    const unitOfWork = app.app.get(UnitOfWork);
    const begin = Date.now() - 30 * DAY_MS;
    const step = (30 * DAY_MS) / DELIVERIES;
    const endpoints = [endpoint, endpoint, endpoint, endpoint, endpoint, endpoint, endpoint, endpoint, ordered, batched];
    for (let start = 0; start < DELIVERIES; start += SEEDED_AT_A_TIME) {
      const events: unknown[][] = [];
      const deliveries: unknown[][] = [];
      const attempts: unknown[][] = [];
      for (let index = start; index < start + SEEDED_AT_A_TIME; index++) {
        const at = Math.floor(begin + index * step);
        const [event, delivery] = [newId('event'), newId('delivery')];
        const type = index % 50 === 0 ? 'message.sent' : 'message.received';
        const status = STATES[index % 100] ?? 'succeeded';
        const due = status === 'pending' || status === 'failed' || status === 'delivering' ? Date.now() + (index % 2 === 0 ? -1 : 1) * index : null;
        events.push([event, organization.id, index + 1, type, at, '{}', 0, 1]);
        deliveries.push([delivery, organization.id, endpoints[index % 10]!.id, event, type, status, due, at]);
        attempts.push([delivery, 1, at, 12, 200]);
      }
      await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'events', ['id', 'organization_id', 'position', 'type', 'occurred_at', 'data', 'queued', 'shared'], events);
        await addRows(unitOfWork, 'callback_deliveries', ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at'], deliveries);
        await addRows(unitOfWork, 'callback_attempts', ['delivery_id', 'attempt', 'started_at', 'duration_ms', 'status_code'], attempts);
      });
    }
    const inOrder = Array.from({ length: 1000 }, (_, index) => [
      newId('delivery'), organization.id, ordered.id, newId('event'), 'message.received', 'pending', Date.now() + index - 500, Date.now(), `cnv_${index % 200}`, index + 1,
    ]);
    const columns = ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at', 'conversation_id', 'event_number'];
    await unitOfWork.run(() => addRows(unitOfWork, 'callback_deliveries', columns, inOrder));
    if (HAS_SERVERS) for (const table of LARGE) await unitOfWork.query(`ANALYZE TABLE ${table}`);
    const names = await unitOfWork.query<{ organization_id: string }>('SELECT organization_id FROM event_positions WHERE organization_id = ?', [organization.id]);
    expect(names).toHaveLength(1);
    await unitOfWork.run(() => unitOfWork.write('UPDATE event_positions SET last_position = ? WHERE organization_id = ?', [DELIVERIES, organization.id]));
  }

  const plansOf = (work: () => Promise<unknown>): Promise<Plan[]> => plansWithoutScan(app, LARGE, work);

  /** As `plansOf`, where nothing is sorted either. */
  async function straightPlansOf(work: () => Promise<unknown>): Promise<Plan[]> {
    const plans = await plansOf(work);
    expectNoSorting(plans);
    return plans;
  }

  const readsMoreThan = async (rows: number, statement: Statement): Promise<boolean> => (await rowsRead(app, statement)) > rows;

  const claims = (): DeliveryClaims => app.app.get(DeliveryClaims);
  const due = (): DueDeliveries => app.app.get(DueDeliveries);
  const entityOf = async ({ id }: Resource) => (await app.app.get(EndpointsRepository).find(id))!;

  // First of all: on SQLite what is explained holds the reader at what was there.
  it('nor is anything left out of the log since an instant, where more has happened since than is looked at', async () => {
    const unitOfWork = app.app.get(UnitOfWork);
    const date = (at: number): Promise<number> =>
      unitOfWork.run(() => changeRows(unitOfWork, 'UPDATE events SET occurred_at = ? WHERE organization_id = ? AND position = 1', [at, organization.id]));
    expect(await date(Date.now())).toBe(1);
    const { body } = await api.get(`/events?limit=1&since=${new Date(Date.now() - 29 * DAY_MS).toISOString()}`);
    await date(Date.now() - 30 * DAY_MS);
    expect(body.data[0].position).toBe(1);
  });

  it('sees one that does', async () => {
    const unitOfWork = app.app.get(UnitOfWork);
    const [statement] = await recorded(app, () => unitOfWork.query('SELECT id FROM callback_deliveries WHERE claim_token = ? ORDER BY succeeded_at', ['x']));
    expect(await planOf(app, statement!, LARGE)).toMatchObject({ scans: true, sorts: true });
  });

  it('when what is due is claimed, recorded and given back', async () => {
    let claimed: Awaited<ReturnType<DeliveryClaims['claim']>> = [];
    const plans = await straightPlansOf(async () => (claimed = await claims().claim(endpoint.id, 128, 30_000)));
    expect(claimed.length).toBeGreaterThan(100);
    expect(linesOf(plans)).toContain('callback_deliveries_due');
    const [first, second, ...rest] = claimed;
    const attempt = { startedAt: Date.now(), durationMs: 1, errorClass: null, errorMessage: null, responseHeaders: {}, responseBody: null };
    await straightPlansOf(() => app.app.get(AttemptLog).record({ ...attempt, delivery: first!, statusCode: 200, result: { kind: 'succeeded' } }));
    await straightPlansOf(() => app.app.get(AttemptLog).record({ ...attempt, delivery: second!, statusCode: 500, result: { kind: 'failed', nextAttemptAt: Date.now() + 1e6 } }));
    await straightPlansOf(() => claims().release(rest));
  });

  it('when order or batches are asked for', async () => {
    const rules = { ordered: true, batch: null, rateLimit: null };
    const batch = { max_items: 100, max_wait_ms: 1000 };
    const entity = await entityOf(ordered);
    const inOrder = [
      ...(await straightPlansOf(() => claims().claim(ordered.id, 32, 30_000, rules))),
      ...(await straightPlansOf(() => due().nextReadyAt(entity))),
      // The batches of an endpoint are few, and sorted when they are cut.
      ...(await plansOf(() => claims().claim(ordered.id, 8, 30_000, { ...rules, batch }))),
      ...(await plansOf(() => due().nextReadyAt({ ...entity, batch }))),
    ];
    const looksAtOthers = linesOf(inOrder).split('\n').filter((line) => /^(SEARCH )?p\b/.test(line));
    expect(looksAtOthers.length).toBeGreaterThan(0);
    for (const line of looksAtOthers) expect(line).toContain('callback_deliveries_conversation');
    await plansOf(() => claims().claim(batched.id, 8, 30_000, { ordered: false, batch, rateLimit: null }));
  });

  it('when a pump or the sweeper looks for what is due', async () => {
    await straightPlansOf(() => due().hasDue(endpoint.id));
    for (const each of [endpoint, ordered, batched]) {
      const entity = await entityOf(each);
      await straightPlansOf(() => due().nextReadyAt(entity));
    }
    const statements = await recorded(app, () => due().endpoints());
    expect(statements.filter(({ sql }) => sql.includes('callback_deliveries'))).toHaveLength(1);
    // MySQL names no table here: it has found the entries before there is a plan.
    if (!HAS_SERVERS) expect(linesOf(await straightPlansOf(() => due().endpoints()))).toContain('callback_deliveries_due');
    for (const statement of statements) expect(await readsMoreThan(1000, statement), statement.sql).toBe(false);
    // Asked on SQLite only, where one process has claimed everything.
    if (!HAS_SERVERS) await straightPlansOf(() => claims().releaseAll());
  });

  const LISTS: [query: string, index: string][] = [
    ['', 'callback_deliveries_created'],
    ['sort=created_at', 'callback_deliveries_created'],
    ['event=message.sent', 'callback_deliveries_created'],
    ['since=SINCE', 'callback_deliveries_created'],
    ['since=SINCE&event=message.sent', 'callback_deliveries_created'],
    ['status=succeeded&event=message.sent', 'callback_deliveries_created'],
    ['status=succeeded', 'callback_deliveries_status'],
    ...['pending', 'delivering', 'failed', 'exhausted', 'discarded'].flatMap((status): [string, string][] => [
      [`status=${status}`, 'callback_deliveries_status'],
      [`status=${status}&since=SINCE&sort=created_at`, 'callback_deliveries_status'],
    ]),
  ];

  it.each(LISTS)('when deliveries are listed with ?%s', async (query, index) => {
    const filter = query.replace('SINCE', new Date(Date.now() - 20 * DAY_MS).toISOString());
    const path = `/callbacks/${endpoint.id}/deliveries?limit=100&${filter}`;
    expect(linesOf(await straightPlansOf(() => api.get(path)))).toContain(index);
    const cursor = encodeCursor(`${query.includes('sort') ? '' : '-'}delivery.created_at`, Date.now() - 15 * DAY_MS, newId('delivery'));
    let size = 0;
    const plans = await straightPlansOf(async () => (size = (await api.get(`${path}&cursor=${cursor}`)).body.data.length));
    expect(size).toBeGreaterThan(0);
    expect(linesOf(plans)).toContain(index);
    // A page in the middle begins there.
    if (!HAS_SERVERS) expect(linesOf(plans)).toMatch(/created_at[<>]\?/);
    for (const statement of await recorded(app, () => api.get(`${path}&cursor=${cursor}`))) {
      expect(await readsMoreThan(10_000, statement), statement.sql).toBe(false);
    }
  });

  it('when deliveries are counted, or one is read', async () => {
    await straightPlansOf(() => api.get(`/callbacks/${endpoint.id}/deliveries?include_total=true&limit=1&status=exhausted`));
    const [delivery] = await deliveriesOf(api, endpoint);
    // The attempts of one delivery are put in order.
    await plansOf(() => api.get(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}`));
    await plansOf(() => api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`));
  });

  it('when stats and metrics are asked for', async () => {
    expect((await api.get(`/callbacks/${endpoint.id}/stats`)).status).toBe(200);
    await plansOf(() => api.get(`/callbacks/${endpoint.id}/stats`));
    const statements = await recorded(app, () => app.as({}).get('//metrics'));
    expect(statements.filter(({ sql }) => sql.includes('callback_deliveries')).length).toBeGreaterThan(1);
    for (const statement of statements) {
      const plan = await planOf(app, statement, LARGE);
      if (plan !== null) expect(plan.scans, `${plan.sql}\n${plan.steps.join('\n')}`).toBe(false);
      expect(await readsMoreThan(6 * OUTSTANDING, statement), statement.sql).toBe(false);
    }
  });

  it('when a recovery walks through a range', async () => {
    const now = Date.now();
    const range = { since: now - 10 * DAY_MS, until: now };
    const events = app.app.get(PastEvents);
    expect(linesOf(await straightPlansOf(() => events.count(organization.id, range)))).toContain('events_occurred');
    expect(linesOf(await straightPlansOf(() => events.next(organization.id, range, null, 500)))).toContain('events_occurred');
    expect(linesOf(await straightPlansOf(() => events.next(organization.id, range, { at: now - DAY_MS, number: DELIVERIES - 1000 }, 500)))).toContain('events_occurred');
    await straightPlansOf(() => app.app.get(DeliveriesRepository).idsByEvent(endpoint.id, now - DAY_MS, now - DAY_MS + 60_000));
  });

  it('when the event log is read and given positions', async () => {
    // What has no position yet is little, and put in order.
    await plansOf(() => app.app.get(Sequencer).sequenceAll());
    await plansOf(() => app.app.get(Sequencer).sequence(organization.id));
    const { body } = await api.get('/events?limit=100');
    for (const query of ['', `cursor=${body.next_cursor}`, 'sort=-position', 'event=message.sent', `since=${new Date(Date.now() - DAY_MS).toISOString()}`]) {
      expect(linesOf(await straightPlansOf(() => api.get(`/events?limit=100&${query}`)))).toContain('events_position');
    }
    // A page in the middle of the log begins there too.
    const middle = DELIVERIES / 2;
    for (const sort of ['position', '-position']) {
      const cursor = encodeCursor(sort.replace('position', 'event.position'), middle, middle);
      for (const statement of await recorded(app, () => api.get(`/events?limit=100&sort=${sort}&cursor=${cursor}`))) {
        expect(await readsMoreThan(1000, statement), statement.sql).toBe(false);
      }
    }
    const perDay = DELIVERIES / 30;
    for (const statement of await recorded(app, () => api.get(`/events?limit=100&since=${new Date(Date.now() - DAY_MS).toISOString()}`))) {
      expect(await readsMoreThan(4 * perDay, statement), statement.sql).toBe(false);
    }
  });

  it('when what is old is deleted', async () => {
    const unitOfWork = app.app.get(UnitOfWork);
    const old = Date.now() - 200 * DAY_MS;
    const rows = Array.from({ length: 700 }, (_, index) => [newId('delivery'), organization.id, endpoint.id, newId('event'), 'message.sent', 'succeeded', null, old + index]);
    await unitOfWork.run(() => addRows(unitOfWork, 'callback_deliveries', ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at'], rows));
    const plans = await straightPlansOf(() => app.app.get(DeliveryRetention).run());
    expect(linesOf(plans)).toContain('callback_deliveries_created');
    expect(linesOf(plans)).toContain('callback_attempts_delivery');
    await straightPlansOf(() => app.app.get(EventRetention).run());
  });
});
