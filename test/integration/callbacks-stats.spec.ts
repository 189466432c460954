import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { MAX_DELIVERIES } from '../../src/modules/callbacks/stats/stats.repository.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, SinkBehaviour } from '../support/callback-sink.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';
import { storeEvents } from '../support/stored-events.js';
import { TestClock } from '../support/test-clock.js';

const DAY_MS = 86_400_000;
const clock = new TestClock();
let app: TestApp;
let sink: CallbackSink;
let behaviour: SinkBehaviour = { status: 200 };
let visitors = 0;

beforeAll(async () => {
  app = await startTestApp({ clock });
  sink = await startCallbackSink({ answer: () => behaviour });
});

afterAll(async () => {
  await app.close();
  await sink.close();
});

async function anEndpoint(schedule: number[] = [0, 60]): Promise<string> {
  const made = await app.api.post('/callbacks', { url: sink.url, events: ['visitor.created'], timeout_ms: 1000, retry: { schedule_seconds: schedule } });
  expect(made.status, made.text).toBe(201);
  return made.body.id;
}

async function send(count: number, answer: SinkBehaviour): Promise<void> {
  behaviour = answer;
  for (let sent = 0; sent < count; sent++) {
    visitors += 1;
    expect((await app.api.post('/visitors', { external_id: `stats-${visitors}` })).status).toBe(201);
  }
  await app.settle();
}

function unitOfWork(): UnitOfWork {
  return app.app.get(UnitOfWork);
}

function query(sql: string, parameters: unknown[]): Promise<unknown[]> {
  return unitOfWork().query(sql, parameters);
}

async function stats(id: string, query = ''): Promise<any> {
  const answer = await app.api.get(`/callbacks/${id}/stats${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

async function remove(id: string): Promise<void> {
  expect((await app.api.delete(`/callbacks/${id}`)).status).toBe(204);
}

describe('GET /callbacks/{id}/stats', () => {
  it('is empty for an endpoint that was sent nothing', async () => {
    const id = await anEndpoint();
    const before = clock.now();
    const { since, ...body } = await stats(id);
    expect(Date.parse(since)).toBeGreaterThanOrEqual(before - DAY_MS);
    expect(Date.parse(since)).toBeLessThanOrEqual(clock.now() - DAY_MS);
    expect(body).toEqual({
      attempts: 0, succeeded: 0, failed: 0, success_rate: null, p50_ms: null, p95_ms: null,
      pending: 0, oldest_pending_at: null, suspended_until: null, last_failure: null, last_success_at: null, sampled: false,
    });
    await remove(id);
  });

  it('counts attempts that succeeded and failed, what waits, and shows the last of each', async () => {
    const id = await anEndpoint();
    await send(3, { status: 204 });
    clock.advance(1000);
    await send(1, { status: 503 });
    const [last, before] = (await app.api.get(`/callbacks/${id}/deliveries`)).body.data;
    const attemptsOf = async (delivery: any) => (await app.api.get(`/callbacks/${id}/deliveries/${delivery.id}`)).body.attempts;
    const [[failure], [success]] = [await attemptsOf(last), await attemptsOf(before)];
    const body = await stats(id);
    expect(body).toMatchObject({
      attempts: 4, succeeded: 3, failed: 1, success_rate: 0.75, pending: 1, oldest_pending_at: last.created_at,
      last_failure: { at: failure.time, status_code: 503, error_class: null, message: 'The receiver answered 503.' },
      last_success_at: success.time,
    });
    expect(body.p50_ms).toBeTypeOf('number');
    expect(body.p95_ms).toBeGreaterThanOrEqual(body.p50_ms);
    await remove(id);
  });

  it('names the error of what had no answer', async () => {
    const id = await anEndpoint();
    await send(1, 'reset');
    const { last_failure } = await stats(id);
    expect(last_failure).toMatchObject({ status_code: null, error_class: 'reset' });
    expect(last_failure.message).not.toBe('');
    await remove(id);
  });

  it('looks at its window only, and there also at what was made before it', async () => {
    const id = await anEndpoint([0, 3600]);
    await send(1, { status: 500 });
    clock.advance(2 * 3600 * 1000);
    const since = new Date(clock.now() - 60_000).toISOString();
    expect(await stats(id, `?since=${since}`)).toMatchObject({ since, attempts: 0, pending: 1 });
    behaviour = { status: 200 };
    await app.settle();
    expect(await stats(id, `?since=${since}`)).toMatchObject({ attempts: 1, succeeded: 1, failed: 0, pending: 0, last_failure: null });
    expect(await stats(id)).toMatchObject({ attempts: 2, succeeded: 1, failed: 1 });
    clock.advance(DAY_MS);
    expect(await stats(id)).toMatchObject({ attempts: 0, last_success_at: null });
    await remove(id);
  });

  it('counts what was recovered, however old', async () => {
    const id = await anEndpoint();
    const { organization_id } = ((await query('SELECT organization_id FROM callback_endpoints WHERE id = ?', [id])) as [Record<string, string>])[0];
    const at = clock.now() - 10 * DAY_MS;
    await storeEvents(unitOfWork(), organization_id!, [at, at + 1, at + 2]);
    behaviour = { status: 200 };
    const range = { since: new Date(at).toISOString(), until: new Date(at + 1000).toISOString() };
    expect((await app.api.post(`/callbacks/${id}/recover`, range)).status).toBe(202);
    await app.settle();
    expect(await stats(id)).toMatchObject({ attempts: 3, succeeded: 3, success_rate: 1, sampled: false });
    await remove(id);
  });

  it('counts the attempts of its own endpoint only', async () => {
    const [one, other] = [await anEndpoint(), await anEndpoint()];
    await send(2, { status: 200 });
    await remove(other);
    await send(1, { status: 200 });
    expect(await stats(one)).toMatchObject({ attempts: 3 });
    await remove(one);
  });

  it('looks at the newest of what is too much, and says so', async () => {
    const id = await anEndpoint();
    const [{ organization_id: organization }] = (await query('SELECT organization_id FROM callback_endpoints WHERE id = ?', [id])) as [{ organization_id: string }];
    const now = clock.now();
    const count = MAX_DELIVERIES + 50;
    // The newest 20 have failed at first; the oldest 50 took long, and are beyond the bound.
    const deliveries = Array.from({ length: count }, (_, index) => ({ id: newId('delivery'), at: now - index * 1000, tries: index < 20 ? 2 : 1, durationMs: index >= MAX_DELIVERIES ? 9000 : 10 }));
    await unitOfWork().run(async () => {
      const columns = ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at'];
      await addRows(unitOfWork(), 'callback_deliveries', columns, deliveries.map((each) => [each.id, organization, id, newId('event'), 'visitor.created', 'failed', now + 1e9, each.at]));
      const attempts = deliveries.flatMap((each) => Array.from({ length: each.tries }, (_, index) => [each.id, index + 1, each.at, each.durationMs, index + 1 < each.tries ? 500 : 200]));
      await addRows(unitOfWork(), 'callback_attempts', ['delivery_id', 'attempt', 'started_at', 'duration_ms', 'status_code'], attempts);
    });
    const body = await stats(id);
    expect(body).toMatchObject({ attempts: MAX_DELIVERIES + 20, failed: 20, pending: count, sampled: true, p95_ms: 10 });
    await remove(id);
  });

  it('refuses what is no instant, and goes back 28 days at the most', async () => {
    const id = await anEndpoint();
    for (const since of ['yesterday', '', '2026-13-01T00:00:00Z']) {
      const answer = await app.api.get(`/callbacks/${id}/stats?since=${since}`);
      expect([answer.status, answer.body.code, answer.body.errors?.[0]?.field]).toEqual([422, 'request.invalid', 'since']);
    }
    const before = clock.now();
    const { since } = await stats(id, '?since=2020-01-01T00:00:00Z');
    expect(Date.parse(since)).toBeGreaterThanOrEqual(before - 28 * DAY_MS);
    expect(Date.parse(since)).toBeLessThanOrEqual(clock.now() - 28 * DAY_MS);
    await remove(id);
  });

  it('is hidden from other organizations', async () => {
    const id = await anEndpoint();
    const made = await app.api.post('/organizations', { slug: 'stats-tenant', name: 'Tenant' });
    const tenant = app.as({ 'x-api-key': made.body.api_key.key });
    const answer = await tenant.get(`/callbacks/${id}/stats`);
    expect([answer.status, answer.body.code]).toEqual([404, 'callback.not_found']);
    await remove(id);
  });
});
