import { describe, expect, it } from 'vitest';
import { EndpointHealth } from '../../src/modules/callbacks/dispatch/endpoint-health.js';
import type { EndpointEntity } from '../../src/modules/callbacks/endpoints/endpoint.entity.js';
import { EndpointsRepository } from '../../src/modules/callbacks/endpoints/endpoints.repository.js';
import { callbackDesk } from '../support/callback-desk.js';
import { anEndpoint, deliveriesOf, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const desk = callbackDesk({ answer: { status: 500 } });

describe('an endpoint that fails', () => {
  const row = async (endpoint: Resource): Promise<EndpointEntity> => (await desk.cluster.a.app.get(EndpointsRepository).find(endpoint.id))!;
  const visitors = async (count: number): Promise<void> => {
    await desk.visitors(count);
    await desk.cluster.settle();
  };
  const pass = async (ms: number): Promise<void> => {
    desk.clock.advance(ms);
    await desk.cluster.settle();
  };
  /** Its next attempts are due long after all that a test does. */
  const LATER = { retry: { schedule_seconds: [0, 600_000, 600_000] } };
  const endpointFor = (over: Record<string, unknown> = {}): Promise<Resource> => anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], ...LATER, ...over });
  /** Twelve failures, the last of them more than a minute after the first. */
  const suspended = async (over: Record<string, unknown> = {}): Promise<Resource> => {
    const endpoint = await endpointFor(over);
    await visitors(11);
    expect(await row(endpoint)).toMatchObject({ failure_count: 11, suspended_until: null });
    desk.clock.advance(MINUTE_MS);
    await visitors(1);
    return endpoint;
  };

  it('is suspended after a minute of nothing but failures, and then gets nothing but one request now and then', async () => {
    const endpoint = await suspended();
    expect(desk.sink.received).toHaveLength(12);
    const { suspended_until, suspension_count } = await row(endpoint);
    expect(suspended_until! - desk.clock.now()).toBeGreaterThan(20 * SECOND_MS);
    expect(suspended_until! - desk.clock.now()).toBeLessThanOrEqual(30 * SECOND_MS);
    expect(suspension_count).toBe(1);
    expect((await desk.api.get(`/callbacks/${endpoint.id}/stats`)).body).toMatchObject({ suspended_until: new Date(suspended_until!).toISOString(), success_rate: 0 });

    await visitors(40);
    expect(desk.sink.received).toHaveLength(12);
    const lengths: number[] = [];
    for (let probe = 1; probe <= 6; probe++) {
      const before = await row(endpoint);
      await pass(before.suspended_until! - desk.clock.now() + 1);
      expect(desk.sink.received).toHaveLength(12 + probe);
      lengths.push((await row(endpoint)).suspended_until! - (await row(endpoint)).last_failure_at!);
    }
    expect(lengths).toEqual([60, 120, 240, 480, 600, 600].map((seconds) => seconds * SECOND_MS));
    // Those that wait have lost nothing of their schedule.
    expect((await deliveriesOf(desk.api, endpoint)).filter(({ status, attempt_count }) => status === 'pending' && attempt_count === 0)).toHaveLength(34);
    expect((await eventsAfter(desk.api, 0)).filter(({ event }) => event.startsWith('callback.'))).toEqual([]);
  });

  it('gets all that has waited as soon as it is well again', async () => {
    const endpoint = await suspended();
    await visitors(50);
    desk.answer = () => ({ status: 200 });
    desk.sink.clear();
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(0);
    await pass(31 * SECOND_MS);
    expect(desk.sink.received).toHaveLength(50);
    expect(await row(endpoint)).toMatchObject({ suspended_until: null, failing_since: null, failure_count: 0, suspension_count: 0 });
  });

  it('is tried by one worker at a time', async () => {
    const endpoint = await suspended();
    await visitors(5);
    desk.clock.advance(31 * SECOND_MS);
    const before = await row(endpoint);
    const until = desk.clock.now() + MINUTE_MS;
    const rights = await Promise.all(Array.from({ length: 8 }, (_, index) => desk.cluster.each(index).app.get(EndpointHealth).beginProbe(before, until + index)));
    expect(rights.filter((right) => right)).toHaveLength(1);
    await desk.cluster.settle();
    // Whoever has the right may have died: the next one gets it when it has lapsed.
    expect(desk.sink.received).toHaveLength(12);
    desk.answer = () => ({ status: 200 });
    await pass(MINUTE_MS + 10);
    expect(desk.sink.received).toHaveLength(17);
    expect(await row(endpoint)).toMatchObject({ suspended_until: null });
  });

  it('is not suspended for failures of less than a minute, nor while some succeed', async () => {
    const endpoint = await endpointFor();
    await visitors(30);
    expect(await row(endpoint)).toMatchObject({ failure_count: 30, suspended_until: null });
    desk.answer = () => ({ status: 200 });
    await visitors(1);
    expect(await row(endpoint)).toMatchObject({ failure_count: 0, failing_since: null });
    desk.answer = () => ({ status: 500 });
    desk.clock.advance(2 * MINUTE_MS);
    await visitors(20);
    expect(await row(endpoint)).toMatchObject({ failure_count: 20, suspended_until: null });
  });

  it.each([['enabled anew', (endpoint: Resource) => desk.api.post(`/callbacks/${endpoint.id}/enable`)], ['given another URL', (endpoint: Resource) => desk.api.put(`/callbacks/${endpoint.id}`, { url: `${desk.sink.url}/other` })]])(
    'is not suspended any more when it is %s',
    async (_, change) => {
      const endpoint = await suspended();
      await visitors(3);
      desk.answer = () => ({ status: 200 });
      desk.sink.clear();
      expect((await change(endpoint)).status).toBe(200);
      await desk.cluster.settle();
      expect(desk.sink.received).toHaveLength(3);
      expect(await row(endpoint)).toMatchObject({ suspended_until: null, failing_since: null });
    },
  );

  it('keeps its place in the row when all is well: a success writes nothing', async () => {
    const endpoint = await endpointFor();
    desk.answer = () => ({ status: 200 });
    await visitors(5);
    expect(await row(endpoint)).toMatchObject({ failure_count: 0, last_failure_at: null, suspended_until: null, updated_at: Date.parse(endpoint['updated_at']) });
  });

  it('is disabled after five days of nothing but failures, which is told to the others, to the log and to sockets', async () => {
    desk.answer = ({ path }) => ({ status: path === '/well' ? 200 : 500 });
    const watcher = await anEndpoint(desk.api, `${desk.sink.url}/well`, { events: ['callback.*'] });
    const admin = await connectSocket(desk.cluster.b.url, desk.organization['api_key'].key);
    const endpoint = await endpointFor({ events: ['*'] });
    const other = await endpointFor({ events: ['visitor.created'] });
    await visitors(1);
    const mend = async (): Promise<void> => {
      desk.answer = () => ({ status: 200 });
      await desk.api.post(`/callbacks/${other.id}/deliveries/${(await deliveriesOf(desk.api, other))[0]!.id}/retry`);
      await desk.cluster.settle();
      desk.answer = ({ path }) => ({ status: path === '/well' ? 200 : 500 });
    };
    for (let day = 1; day <= 4; day++) {
      desk.clock.advance(DAY_MS);
      await visitors(1);
      if (day === 3) await mend();
    }
    // Both succeed at `/` on the third day, but only the other one is asked.
    expect((await desk.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: true });
    desk.clock.advance(DAY_MS);
    await visitors(1);
    expect((await desk.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: false, disabled_reason: 'failing' });
    expect((await desk.api.get(`/callbacks/${other.id}`)).body).toMatchObject({ enabled: true, disabled_reason: null });
    await desk.cluster.settle();
    const disabled = { callback_id: endpoint.id, url: desk.sink.url, reason: 'failing' };
    expect((await eventsAfter(desk.api, 0)).filter(({ event }) => event === 'callback.disabled').map(({ data }) => data)).toEqual([disabled]);
    expect(desk.sink.received.filter(({ path, body }) => path === '/well' && body.event === 'callback.disabled').map(({ body }) => body.data)).toEqual([disabled]);
    expect((await deliveriesOf(desk.api, watcher)).map(({ event, status }) => `${event} ${status}`)).toEqual(['callback.disabled succeeded']);
    expect((await deliveriesOf(desk.api, endpoint)).map(({ event }) => event)).not.toContain('callback.disabled');
    await admin.waitFor('callback.disabled', 10_000);
    admin.close();

    desk.answer = () => ({ status: 200 });
    expect((await desk.api.post(`/callbacks/${endpoint.id}/enable`)).status).toBe(200);
    await visitors(1);
    expect(await row(endpoint)).toMatchObject({ enabled: true, failing_since: null });
  });

  it('is not disabled for failures that lie further apart than that', async () => {
    const endpoint = await endpointFor({ retry: { schedule_seconds: [0] } });
    for (let week = 0; week < 3; week++) {
      await visitors(1);
      desk.clock.advance(6 * DAY_MS);
    }
    expect((await desk.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: true });
    expect(await row(endpoint)).toMatchObject({ failure_count: 1 });
  });
});
