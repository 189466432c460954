import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { created, unique } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** Byte for byte as the seed prints it. */
const seed = (name: string): Buffer => readFileSync(new URL(`../seed/${name}.json`, import.meta.url));

describe("the seed's bodies of tickets", () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  async function inTimeZone(time_zone: string): Promise<Caller> {
    const organization = await created(app.api.post('/organizations', { slug: unique('org'), name: 'Seed', time_zone }));
    return app.as({ 'x-api-key': organization['api_key'].key });
  }

  it.each([['UTC', '2023-10-26T12:00:00.000Z'], ['Asia/Shanghai', '2023-10-26T04:00:00.000Z'], ['Asia/Kathmandu', '2023-10-26T06:15:00.000Z']])('are taken in %s', async (timeZone, updateTime) => {
    const api = await inTimeZone(timeZone);
    const made = await api.post('/tickets', seed('ticket'));
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ ticket_id: 'xxx', title: '产品咨询', content: '详细内容...', priority: 'high', category: '产品', status: 'open', handler: null, update_time: null });
    expect(made.headers.get('location')).toBe(`/api/v1/tickets/${made.body.id}`);

    const synced = await api.post('/tickets/xxx/status', seed('ticket-status'));
    expect(synced.status, synced.text).toBe(200);
    expect(synced.body).toEqual({
      ...made.body, status: 'processing', handler: 'agent_id', agent_id: null, update_time: updateTime, updated_at: synced.body.updated_at, applied: true,
    });
    expect((await api.get('/tickets/xxx')).body).toMatchObject({ id: made.body.id, status: 'processing', handler: 'agent_id' });

    const again = await api.post(`/tickets/${made.body.id}/status`, seed('ticket-status'));
    expect(again).toMatchObject({ status: 200, body: { ...synced.body, applied: false } });
    expect(await api.post('/tickets', seed('ticket'))).toMatchObject({ status: 409, body: { code: 'ticket.ticket_id_taken' } });
  });

  it('are taken once under an Idempotency-Key', async () => {
    const api = await inTimeZone('UTC');
    const answers = [await api.post('/tickets', seed('ticket'), { 'idempotency-key': 'k' }), await api.post('/tickets', seed('ticket'), { 'idempotency-key': 'k' })];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[1]!.text).toBe(answers[0]!.text);
  });
});
