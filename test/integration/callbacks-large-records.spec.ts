import { describe, expect, it } from 'vitest';
import { addBacklog } from '../support/backlog.js';
import { callbackDesk } from '../support/callback-desk.js';
import { anEndpoint } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';

const BATCH = 1000;
/** More than the lease of a claim, less than until the next attempt. */
const LATER_MS = 31_000;
const PAGE = '<html>502 Bad Gateway</html>'.padEnd(5000, ' ');
const QUOTES = { 'report-to': '"'.repeat(7000) };

const desk = callbackDesk();

async function batchesDue(count: number): Promise<Resource> {
  const endpoint = await anEndpoint(desk.api, `${desk.sink.url}/failing`, {
    events: ['visitor.created'], batch: { max_items: BATCH, max_wait_ms: 0 }, retry: { schedule_seconds: [0, 600, 600] }, enabled: false,
  });
  await addBacklog(desk, endpoint, count);
  return endpoint;
}

/** All at the same moment, as when a proxy in front of a receiver gives up. */
function failTogether(headers: Record<string, string>): void {
  const end = Date.now() + 4000;
  desk.answer = ({ path }) => (path === '/failing' ? { status: 502, headers, body: PAGE, delayMs: Math.max(0, end - Date.now()) } : { status: 200, delayMs: Math.max(0, end - Date.now()) });
}

async function statesOf({ id }: Resource): Promise<unknown[]> {
  return (await rows(desk.cluster.a, 'SELECT status, attempt_count, COUNT(*) AS n FROM callback_deliveries WHERE callback_id = ? GROUP BY status, attempt_count', [id])).map(
    (row) => `${row['n']} ${row['status']} ${row['attempt_count']}`,
  );
}

describe('the record of large batches', { timeout: 60_000 }, () => {
  it.each([
    ['12 with an error page', 12, { 'content-security-policy': "default-src 'self'; ".repeat(50) }],
    ['one with a head that doubles when it is stored', 1, QUOTES],
  ])('is made of %s, so that none is sent again before its time', async (_, batches, headers) => {
    const endpoint = await batchesDue(batches * BATCH);
    failTogether(headers);
    await desk.api.post(`/callbacks/${endpoint.id}/enable`);
    await desk.cluster.settle();
    desk.clock.advance(LATER_MS);
    await desk.cluster.settle();
    expect(await statesOf(endpoint)).toEqual([`${batches * BATCH} failed 1`]);
    expect(desk.sink.received).toHaveLength(batches);
  });

  it('keeps a large answer with the first of them, and its status with all', async () => {
    const endpoint = await batchesDue(BATCH);
    failTogether({});
    await desk.api.post(`/callbacks/${endpoint.id}/enable`);
    await desk.cluster.settle();
    const attempts = await rows(desk.cluster.a, 'SELECT status_code, response_body FROM callback_attempts a JOIN callback_deliveries d ON d.id = a.delivery_id WHERE d.callback_id = ? ORDER BY a.number', [endpoint.id]);
    expect(attempts.map((row) => row['status_code'])).toEqual(Array(BATCH).fill(502));
    const kept = attempts.map((row) => row['response_body'] !== null);
    expect(kept.lastIndexOf(true)).toBeLessThan(100);
    expect(kept.indexOf(false)).toBe(kept.lastIndexOf(true) + 1);
  });

  it('does not make another endpoint get its events again', async () => {
    const endpoint = await batchesDue(BATCH);
    const well = await anEndpoint(desk.api, desk.sink.url, { events: ['visitor.updated'] });
    const [visitor] = await desk.visitors(1);
    failTogether(QUOTES);
    await desk.api.post(`/callbacks/${endpoint.id}/enable`);
    for (let index = 0; index < 30; index++) expect((await desk.api.put(`/visitors/${visitor!.id}`, { name: `v${index}` })).status).toBe(200);
    await desk.cluster.settle();
    desk.clock.advance(LATER_MS);
    await desk.cluster.settle();
    expect(await statesOf(well)).toEqual(['30 succeeded 1']);
    expect(desk.sink.received.filter(({ path }) => path !== '/failing')).toHaveLength(30);
  });
});

describe('a large backlog', { timeout: 60_000 }, () => {
  it.each([['many conversations', 200], ['few conversations', 3]])('in the order of %s goes in batches', async (_, conversations) => {
    const count = 12_000;
    const endpoint = await anEndpoint(desk.api, desk.sink.url, {
      events: ['visitor.created'], ordering: 'per_conversation', batch: { max_items: BATCH, max_wait_ms: 0 }, enabled: false,
    });
    await addBacklog(desk, endpoint, count, conversations);
    await desk.api.post(`/callbacks/${endpoint.id}/enable`);
    await desk.cluster.settle();
    expect(await statesOf(endpoint)).toEqual([`${count} succeeded 1`]);
    // Those of a conversation that another batch has wait for that one.
    expect(desk.sink.received.length).toBeLessThan((2 * count) / BATCH);
  });
});
