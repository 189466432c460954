import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { addBacklog } from '../support/backlog.js';
import { callbackDesk } from '../support/callback-desk.js';
import type { ReceivedCallback } from '../support/callback-sink.js';
import { anEndpoint } from '../support/desk.js';
import type { Resource } from '../support/desk.js';

const BACKLOG = 900;
/** Until then the receiver is quick, and is claimed for far ahead. */
const QUICK = 300;
/** What runs at once, and so may have begun before a change was answered. */
const RUNNING = 32;

const desk = callbackDesk();

async function disabledWithBacklog(): Promise<Resource> {
  const endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], enabled: false });
  await addBacklog(desk, endpoint, BACKLOG);
  return endpoint;
}

const totalOf = async ({ id }: Resource, status: string): Promise<number> =>
  (await desk.api.get(`/callbacks/${id}/deliveries?limit=1&include_total=true&status=${status}`)).body.total;

/** What came after `change` was answered, which was made in the middle of the backlog. */
async function sentAfter(endpoint: Resource, change: () => Promise<unknown>): Promise<ReceivedCallback[]> {
  let answered = 0;
  desk.answer = () => ({ status: 200, delayMs: ++answered <= QUICK ? 1 : 150 });
  await desk.api.post(`/callbacks/${endpoint.id}/enable`);
  const settled = desk.cluster.settle();
  await desk.sink.waitFor(QUICK + RUNNING, 20_000);
  await change();
  const before = desk.sink.received.length;
  await settled;
  return desk.sink.received.slice(before + RUNNING);
}

describe('what was claimed ahead', { timeout: 60_000 }, () => {
  it('waits on when the receiver answers 410 to what is before it', async () => {
    const endpoint = await disabledWithBacklog();
    let answered = 0;
    desk.answer = () => ({ status: ++answered <= QUICK ? 200 : 410 });
    await desk.api.post(`/callbacks/${endpoint.id}/enable`);
    await desk.cluster.settle();
    expect((await desk.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: false, disabled_reason: 'gone' });
    expect(await totalOf(endpoint, 'discarded')).toBeLessThanOrEqual(2 * RUNNING);
    expect((await totalOf(endpoint, 'succeeded')) + (await totalOf(endpoint, 'discarded')) + (await totalOf(endpoint, 'pending'))).toBe(BACKLOG);
  });

  it('is signed with a secret that has come meanwhile', async () => {
    const endpoint = await disabledWithBacklog();
    let secret = '';
    const after = await sentAfter(endpoint, async () => {
      secret = (await desk.api.post(`/callbacks/${endpoint.id}/rotate-secret`, { overlap_seconds: 86_400 })).body.secret;
    });
    const webhook = new Webhook(secret);
    const signedAnew = ({ rawBody, headers }: ReceivedCallback): boolean =>
      String(headers['webhook-signature']).split(' ').includes(webhook.sign(String(headers['webhook-id']), new Date(Number(headers['webhook-timestamp']) * 1000), rawBody));
    expect(after.length).toBeGreaterThan(100);
    expect(after.filter((request) => !signedAnew(request))).toEqual([]);
  });

  it('goes to a URL that has come meanwhile', async () => {
    const endpoint = await disabledWithBacklog();
    const after = await sentAfter(endpoint, () => desk.api.put(`/callbacks/${endpoint.id}`, { url: `${desk.sink.url}/new` }));
    expect(after.length).toBeGreaterThan(100);
    expect(new Set(after.map(({ path }) => path))).toEqual(new Set(['/new']));
  });

  it.each([
    ['disabled', (endpoint: Resource) => desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false })],
    ['deleted', (endpoint: Resource) => desk.api.delete(`/callbacks/${endpoint.id}`)],
  ])('is not sent once its endpoint is %s', async (_, change) => {
    const endpoint = await disabledWithBacklog();
    expect(await sentAfter(endpoint, () => change(endpoint))).toEqual([]);
  });
});
