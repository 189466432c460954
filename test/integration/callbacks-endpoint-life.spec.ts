import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/kernel/domain-event.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { callbackDesk } from '../support/callback-desk.js';
import type { SinkBehaviour } from '../support/callback-sink.js';
import { aConversation, aLogin, anEndpoint, deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';

const WAIT_MS = 10_000;

const desk = callbackDesk({ answer: { status: 204 } });

describe('an endpoint', () => {
  const put = (endpoint: Resource, body: object) => desk.api.put(`/callbacks/${endpoint.id}`, body);
  const enable = (endpoint: Resource) => desk.api.post(`/callbacks/${endpoint.id}/enable`);
  const tryOut = (endpoint: Resource, event: unknown = 'message.received') => desk.api.post(`/callbacks/${endpoint.id}/test`, { event });

  /** For states that only time brings about. */
  async function write(sql: string, values: unknown[]): Promise<void> {
    const unitOfWork = desk.cluster.a.app.get(UnitOfWork);
    await unitOfWork.run(() => unitOfWork.write(sql, values));
  }

  describe('that is tested', () => {
    it('gets a signed example of each event, with the members of the real one', async () => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['agent.deleted'], headers: { 'x-team': 'billing' } });
      const examples = JSON.parse(readFileSync(new URL('../../docs/event-examples.json', import.meta.url), 'utf8'));
      for (const event of EVENT_TYPES) {
        const { status, body } = await tryOut(endpoint, event);
        expect(status).toBe(200);
        const request = desk.sink.received.at(-1)!;
        expect(body).toEqual({
          success: true, event_id: request.headers['webhook-id'], event, time: expect.stringMatching(/Z$/), duration_ms: expect.any(Number), status: 204,
          error_class: null, error_message: null, response_headers: expect.any(Object), response_body: '',
        });
        expect(new Webhook(endpoint['secret']).verify(request.rawBody, request.headers as Record<string, string>)).toEqual({ id: body.event_id, event, timestamp: Math.floor(Date.parse(body.time) / 1000), data: examples[event].data });
        expect(request.headers).toMatchObject({ 'webhook-test': 'true', 'x-team': 'billing', 'content-type': 'application/json' });
      }
      expect(new Set(desk.sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(EVENT_TYPES.length);
      expect(await deliveriesOf(desk.api, endpoint)).toEqual([]);
    });

    it.each([{ format: 'cloudevents' }, { signing: 'ed25519' }, { rate_limit: { limit: 1, window_seconds: 3600 } }])('gets it as it has set %j', async (over) => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url, over);
      expect((await tryOut(endpoint)).body.success).toBe(true);
      expect(desk.sink.received[0]!.headers['webhook-signature']).toMatch(endpoint['signing'] === 'ed25519' ? /^v1a,/ : /^v1,/);
      expect(desk.sink.received[0]!.body).toMatchObject(endpoint['format'] === 'cloudevents' ? { type: 'message.received' } : { event: 'message.received' });
    });

    it.each(['native', 'cloudevents'])('gets it as a batch in the format %s when it gets batches', async (format) => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url, { format, batch: { max_items: 10, max_wait_ms: 60_000 } });
      const { body } = await tryOut(endpoint);
      expect(body.success).toBe(true);
      const { headers, rawBody } = desk.sink.received[0]!;
      expect(new Webhook(endpoint['secret']).verify(rawBody, headers as Record<string, string>)).toEqual([expect.objectContaining({ id: body.event_id, data: expect.any(Object) })]);
      expect(headers).toMatchObject({ 'webhook-id': expect.stringMatching(/^bat_/), 'webhook-test': 'true' });
    });

    it('answers how the receiver took it, and nothing comes of it', async () => {
      desk.answer = () => ({ status: 410, headers: { 'x-reason': 'moved' }, body: 'x'.repeat(10_000) });
      const endpoint = await anEndpoint(desk.api, desk.sink.url);
      const { body } = await tryOut(endpoint);
      expect(body).toMatchObject({ success: false, status: 410, error_class: null, response_headers: { 'x-reason': 'moved' }, response_body: 'x'.repeat(4096) });
      expect((await desk.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: true });
      expect(desk.sink.received).toHaveLength(1);
    });

    it('answers what went wrong when there was no answer', async () => {
      const closed = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => closed.once('listening', resolve));
      const { port } = closed.address() as AddressInfo;
      await new Promise((resolve) => closed.close(resolve));
      const outcomes: [string, SinkBehaviour, string][] = [[`http://127.0.0.1:${port}`, 'reset', 'connect'], [desk.sink.url, 'reset', 'reset'], [desk.sink.url, 'hang', 'timeout'], ['http://no-such-host.invalid/', 'reset', 'dns']];
      for (const [url, behaviour, errorClass] of outcomes) {
        desk.answer = () => behaviour;
        const endpoint = await anEndpoint(desk.api, url, { timeout_ms: 1000 });
        expect((await tryOut(endpoint)).body).toMatchObject({ success: false, status: null, error_class: errorClass, error_message: expect.stringMatching(/./), response_headers: null, response_body: null });
      }
    });

    it('gets it also while it is disabled, and no forbidden address ever does', async () => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url, { enabled: false });
      expect((await tryOut(endpoint)).body.success).toBe(true);
      await write('UPDATE callback_endpoints SET url = ? WHERE id = ?', ['http://10.0.0.7/', endpoint.id]);
      expect((await tryOut(endpoint)).body).toMatchObject({ success: false, status: null, error_class: 'address_forbidden' });
    });

    it('gets nothing in a format that is there no more, and says so', async () => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url);
      await write('UPDATE callback_endpoints SET format = ? WHERE id = ?', ['of a module that was removed', endpoint.id]);
      expect(await tryOut(endpoint)).toMatchObject({ status: 422, body: { errors: [{ field: 'format' }] } });
      expect(await put(endpoint, { description: 'x' })).toMatchObject({ status: 422, body: { errors: [{ field: 'format' }] } });
      expect(await put(endpoint, { format: 'native' })).toMatchObject({ status: 200, body: { format: 'native' } });
      expect((await tryOut(endpoint)).body.success).toBe(true);
    });

    it('gets it once for one Idempotency-Key', async () => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url);
      const send = () => desk.api.post(`/callbacks/${endpoint.id}/test`, { event: 'agent.created' }, { 'idempotency-key': 'one' });
      const [first, second] = [await send(), await send()];
      expect(second.body).toEqual(first.body);
      expect(desk.sink.received).toHaveLength(1);
    });

    it.each(['message.*', '*', 'message.exploded', '', 7, null, undefined, ['agent.created']])('gets no example of %j', async (event) => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url);
      expect(await desk.api.post(`/callbacks/${endpoint.id}/test`, { event })).toMatchObject({ status: 422, body: { errors: [{ field: 'event' }] } });
      expect(desk.sink.received).toEqual([]);
    });
  });

  describe('that is enabled', () => {
    it('gets what waited when it was disabled, and nothing of what happened meanwhile', async () => {
      desk.answer = () => ({ status: 500 });
      const endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['conversation.created'], retry: { schedule_seconds: [0, 0, 0, 0, 0] } });
      await put(endpoint, { retry: { schedule_seconds: [0, 600] } });
      const waiting = await aConversation(desk.api);
      await desk.sink.waitFor(1, WAIT_MS);
      await desk.cluster.settle();
      await put(endpoint, { enabled: false });
      await aConversation(desk.api);
      await desk.cluster.settle();
      expect(await deliveriesOf(desk.api, endpoint)).toHaveLength(1);
      desk.sink.clear();

      desk.answer = () => ({ status: 200 });
      expect(await enable(endpoint)).toMatchObject({ status: 200, body: { id: endpoint.id, enabled: true, disabled_reason: null } });
      const [delivery] = await deliveriesOf(desk.api, endpoint);
      await desk.api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`);
      const after = await aConversation(desk.api);
      await desk.sink.waitFor(2, WAIT_MS);
      await desk.cluster.settle();
      expect(new Set(desk.sink.received.map(({ body }) => body.data.conversation_id))).toEqual(new Set([waiting.id, after.id]));
    });

    it('after the receiver had answered 410, forgets why it was disabled', async () => {
      desk.answer = () => ({ status: 410 });
      const endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['conversation.created'] });
      await aConversation(desk.api);
      await expect.poll(async () => (await desk.api.get(`/callbacks/${endpoint.id}`)).body, { timeout: WAIT_MS }).toMatchObject({ enabled: false, disabled_reason: 'gone' });
      expect((await enable(endpoint)).body).toMatchObject({ enabled: true, disabled_reason: null });
      const [entry] = (await desk.api.get('/audit-logs?limit=1')).body.data;
      expect(entry).toMatchObject({ action: 'callback.enabled', target_id: endpoint.id, changes: { enabled: { old: false, new: true } } });
    });

    it.each([
      ['is enabled', (endpoint: Resource) => enable(endpoint)],
      ['gets another URL', (endpoint: Resource) => put(endpoint, { url: `${desk.sink.url}/moved` })],
    ])('or suspended before, begins anew when it %s', async (_, change) => {
      const endpoint = await anEndpoint(desk.api, desk.sink.url);
      const state = 'suspended_until, failing_since, failure_count, suspension_count';
      const soon = Date.now() + 600_000;
      await write('UPDATE callback_endpoints SET suspended_until = ?, failing_since = ?, failure_count = 40, suspension_count = 3 WHERE id = ?', [soon, Date.now(), endpoint.id]);
      await put(endpoint, { description: 'does not matter' });
      expect((await rows(desk.cluster.a, `SELECT ${state} FROM callback_endpoints WHERE id = ?`, [endpoint.id]))[0]).toMatchObject({ failure_count: 40 });
      expect((await change(endpoint)).status).toBe(200);
      expect((await rows(desk.cluster.a, `SELECT ${state} FROM callback_endpoints WHERE id = ?`, [endpoint.id]))[0]).toEqual({ suspended_until: null, failing_since: null, failure_count: 0, suspension_count: 0 });
    });

    it('is not, when the agent that made it is disabled', async () => {
      const { agent, as } = await aLogin(desk.cluster.a, { role: 'admin' });
      const endpoint = await anEndpoint(as, desk.sink.url, { events: ['visitor.updated'] });
      await desk.cluster.a.api.put(`/agents/${agent.id}`, { enabled: false });
      expect(await desk.cluster.a.api.post(`/callbacks/${endpoint.id}/enable`)).toMatchObject({ status: 409, body: { code: 'callback.creator_disabled' } });
      await desk.cluster.a.api.put(`/agents/${agent.id}`, { enabled: true });
      expect(await desk.cluster.a.api.post(`/callbacks/${endpoint.id}/enable`)).toMatchObject({ status: 200, body: { enabled: true } });
    });
  });
});
