import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLogin, anAgent, anApplication, anOrganization, tally, unique } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** As the seed prints it, byte for byte. */
const SEED_BODY = '{ "type": "conversation", "metrics": { "total": 100, "success": 90, "avg_duration": 300 }, "dimension": { "date": "2023-10-26", "agent_id": "xxx" } }';
/** As the seed prints it, without its line breaks. */
const SEED_REPORT = '/statistics/report?type=conversation&start_date=2023-10-01&end_date=2023-10-31&dimensions=agent,category';

let app: TestApp;
let api: Caller;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

const figure = (dimension: object, total = 1, type = 'conversation') => ({ type, metrics: { total }, dimension });

async function pushed(caller: Caller, query = ''): Promise<any[]> {
  const { status, body, text } = await caller.get(`/statistics/report?type=conversation&start_date=2026-03-01&end_date=2026-03-31${query}`);
  expect(status, text).toBe(200);
  return body.pushed;
}

async function push(caller: Caller, body: unknown): Promise<any> {
  const { status, body: answer, text } = await caller.post('/statistics/push', body);
  expect(status, text).toBe(200);
  return answer;
}

describe('pushed figures', () => {
  beforeAll(async () => {
    ({ api } = await anOrganization(app));
  });

  it('are taken as the seed has them, and stand beside the report of the seed', async () => {
    expect(await push(api, SEED_BODY)).toEqual({ stored: 1 });
    const { status, body, text } = await api.get(SEED_REPORT);
    expect(status, text).toBe(200);
    expect(body).toMatchObject({ type: 'conversation', start_date: '2023-10-01', end_date: '2023-10-31', dimensions: ['agent', 'category'], rows: [] });
    expect(body.pushed).toEqual([
      { dimension: { agent_id: 'xxx', date: '2023-10-26' }, metrics: { total: 100, success: 90, avg_duration: 300 }, pushed_at: expect.stringMatching(/Z$/) },
    ]);
  });

  it('replace those of the same type and dimension, in whatever order their members are', async () => {
    await push(api, [figure({ date: '2026-03-01', agent_id: 'a' }, 1), figure({ agent_id: 'a', date: '2026-03-01' }, 2), figure({ date: '2026-03-01' }, 3)]);
    await push(api, figure({ agent_id: 'a', date: '2026-03-01' }, 4, 'ticket'));
    expect((await pushed(api)).map(({ metrics }) => metrics.total).toSorted()).toEqual([2, 3]);
    await push(api, figure({ agent_id: 'a', date: '2026-03-01' }, 5));
    expect((await pushed(api)).map(({ metrics }) => metrics.total).toSorted()).toEqual([3, 5]);
    expect((await pushed(api, '&agent_id=a')).map(({ metrics }) => metrics.total)).toEqual([5]);
  });

  it('take instants and times of day for their day in the time zone of the organization', async () => {
    const slug = unique('org');
    const { body } = await app.api.post('/organizations', { slug, name: slug, time_zone: 'Asia/Shanghai' });
    const shanghai = app.as({ 'x-api-key': body.api_key.key });
    await push(shanghai, [figure({ date: '2026-03-01T20:00:00Z' }, 7), figure({ date: '2026-03-03 23:59:59' }, 8), figure({ date: '2026-03-04' }, 9)]);
    expect((await pushed(shanghai)).map(({ dimension, metrics }) => [dimension.date, metrics.total])).toEqual([['2026-03-02', 7], ['2026-03-03', 8], ['2026-03-04', 9]]);
  });

  it('are refused where that day is none of the years 0000 to 9999', async () => {
    for (const [time_zone, dates] of Object.entries({
      'UTC': ['9999-12-31T23:59:59-05:00', '0000-01-01T00:00:00+05:00'], 'Asia/Shanghai': ['9999-12-31T23:59:59Z'], 'America/New_York': ['0000-01-01T00:00:00Z', '9999-12-31 23:59:59'],
    })) {
      const slug = unique('org');
      const { body: made } = await app.api.post('/organizations', { slug, name: slug, time_zone });
      const there = app.as({ 'x-api-key': made.api_key.key });
      for (const date of dates) {
        const { status, body, text } = await there.post('/statistics/push', figure({ date }));
        expect([status, body.errors?.[0]], `${date} ${text}`).toEqual([422, expect.objectContaining({ field: 'dimension.date', code: 'is_date' })]);
      }
      expect(await push(there, [figure({ date: '0000-01-01' }), figure({ date: '9999-12-31' })])).toEqual({ stored: 2 });
      for (const day of ['0000-01-01', '9999-12-31']) {
        const { body } = await there.get(`/statistics/report?type=conversation&start_date=${day}&end_date=${day}`);
        expect(body.pushed.map(({ dimension }: any) => dimension.date)).toEqual([day]);
      }
    }
  });

  it('are there once, however many push the same at once', async () => {
    const { api: fresh } = await anOrganization(app);
    const several = Array.from({ length: 20 }, (_, index) => figure({ date: '2026-03-01', category: `c-${index}` }));
    const answers = await Promise.all(Array.from({ length: 12 }, (_, round) => fresh.post('/statistics/push', round % 2 === 0 ? several : several.toReversed())));
    expect(tally(answers)).toEqual({ 200: 12 });
    expect(await pushed(fresh)).toHaveLength(20);
  });

  it('are all stored or none, and each fault has its place', async () => {
    const { api: fresh } = await anOrganization(app);
    const { status, body } = await fresh.post('/statistics/push', [figure({ date: '2026-03-01' }), figure({ date: '2026-02-30' }), figure({ date: '2026-03-02' })]);
    expect([status, body.code, body.errors.map(({ field }: { field: string }) => field)]).toEqual([422, 'request.invalid', ['[1].dimension.date']]);
    expect(await pushed(fresh)).toEqual([]);
  });

  it.each([
    ['another type', { ...figure({}), type: 'weather' }, 'type'],
    ['no metrics', { type: 'conversation', metrics: {}, dimension: {} }, 'metrics'],
    ['a metric that is no number', { type: 'conversation', metrics: { total: '1' }, dimension: {} }, 'metrics'],
    ['a dimension that is none', figure({ colour: 'red' }), 'dimension.colour'],
    ['no dimension', { type: 'conversation', metrics: { total: 1 } }, 'dimension'],
    ['an hour too many', figure({ hour: 24 }), 'dimension.hour'],
    ['a fault in an array', [figure({}), { ...figure({}), type: 1 }], '[1].type'],
    ['an item that is no object', [1], '[0]'],
    ['an empty array', [], ''],
    ['too many', Array.from({ length: 1001 }, () => figure({})), ''],
  ])('refuse %s', async (_, body, field) => {
    const answer = await api.post('/statistics/push', body);
    expect([answer.status, answer.body.code, answer.body.errors[0].field], answer.text).toEqual([422, 'request.invalid', field]);
  });

  it('of one agent or department are shown to those who may see that', async () => {
    const department = unique('department');
    const { agent, as } = await aLogin(app, { role: 'supervisor', department });
    const other = await anAgent(app.api, { department: 'other' });
    await push(app.api, [
      figure({ date: '2026-03-01' }, 1), figure({ date: '2026-03-01', department }, 2), figure({ date: '2026-03-01', agent_id: agent.id }, 3),
      figure({ date: '2026-03-01', agent_id: other.id }, 4), figure({ date: '2026-03-01', department: 'other' }, 5), figure({ date: '2026-03-01', channel: 'web' }, 6),
    ]);
    const totals = async (caller: Caller): Promise<number[]> => (await pushed(caller)).map(({ metrics }) => metrics.total).toSorted();
    expect(await totals(app.api)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await totals(as)).toEqual([2, 3]);
    const { as: web } = await anApplication(app, { data_scope: { departments: [], channels: ['web'], agent_ids: [] } });
    expect(await totals(web)).toEqual([6]);
    const { as: one } = await anApplication(app, { data_scope: { departments: [], channels: [], agent_ids: [other.id] } });
    expect(await totals(one)).toEqual([4]);
  });

  it('of an agent stay to be seen by the supervisor, when the agent is disabled', async () => {
    const department = unique('department');
    const { as } = await aLogin(app, { role: 'supervisor', department });
    const agent = await anAgent(app.api, { department });
    await push(app.api, figure({ date: '2026-03-21', agent_id: agent.id }, 7));
    const totals = async (): Promise<number[]> => (await pushed(as)).map(({ metrics }) => metrics.total);
    expect(await totals()).toEqual([7]);
    expect((await app.api.delete(`/agents/${agent.id}`)).status).toBeLessThan(300);
    expect(await totals()).toEqual([7]);
  });

  it('are found behind more of others than a report names', { timeout: 60_000 }, async () => {
    const { api: fresh } = await anOrganization(app);
    const agent = await anAgent(fresh, { department: 'mine' });
    const { as } = await anApplication(app, { data_scope: { departments: ['mine'], channels: [], agent_ids: [] } }, fresh);
    for (let begin = 0; begin < 10_000; begin += 1000) await push(fresh, Array.from({ length: 1000 }, (_, index) => figure({ date: '2026-03-01', category: `c${begin + index}` })));
    await push(fresh, [figure({ date: '2026-03-02', agent_id: agent.id, category: 'order' }, 7), figure({ category: 'no day' }, 8)]);
    for (const query of [`&agent_id=${agent.id}`, '&category=order']) expect((await pushed(fresh, query)).map(({ metrics }) => metrics.total)).toEqual([7]);
    expect((await pushed(as)).map(({ metrics }) => metrics.total)).toEqual([7]);
    const all = await pushed(fresh);
    expect([all.length, new Set(all.map(({ dimension }) => dimension.category)).size, all[0].dimension]).toEqual([10_000, 10_000, { category: 'no day' }]);
  });

  it('of what the caller does not see are neither stored nor replaced', async () => {
    const [department, other] = [unique('department'), unique('department')];
    const agent = await anAgent(app.api, { department });
    const { as } = await anApplication(app, { scopes: ['statistics:read', 'statistics:write'], data_scope: { departments: [department], channels: [], agent_ids: [] } });
    await push(app.api, figure({ date: '2026-03-20', department: other }, 1));
    for (const dimension of [{ department: other }, {}, { agent_id: 'somebody' }]) {
      const answer = await as.post('/statistics/push', [figure({ date: '2026-03-20', department }, 2), figure({ date: '2026-03-20', ...dimension }, 2)]);
      expect([answer.status, answer.body.code, answer.body.detail], answer.text).toEqual([403, 'statistics.data_scope_exceeded', expect.stringContaining('[1]')]);
    }
    expect(await pushed(as, `&department=${department}`)).toEqual([]);
    expect((await pushed(app.api, `&department=${other}`)).map(({ metrics }) => metrics.total)).toEqual([1]);
    await push(as, [figure({ date: '2026-03-20', department }, 3), figure({ date: '2026-03-20', agent_id: agent.id }, 4)]);
    expect((await pushed(as)).map(({ metrics }) => metrics.total).toSorted()).toEqual([3, 4]);
  });

  it('need the scope', async () => {
    const { as } = await anApplication(app, { scopes: ['statistics:read'] });
    expect((await as.post('/statistics/push', SEED_BODY)).status).toBe(403);
    const { as: agent } = await aLogin(app);
    expect((await agent.get(SEED_REPORT)).status).toBe(403);
  });
});
