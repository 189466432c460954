import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_LABELS } from '../../src/modules/statistics/cells/cell.js';
import { valuesOf } from '../../src/modules/statistics/cells/sources.js';
import { FactStore } from '../../src/modules/statistics/facts/fact-store.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { aConversation, aLogin, aMessage, anAgent, anApplication, anOrganization, created, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { SetClock } from '../support/set-clock.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** As the seed prints it, without its line breaks. */
const SEED_REPORT = '/statistics/report?type=conversation&start_date=2023-10-01&end_date=2023-10-31&dimensions=agent,category';
const OCTOBER = '&start_date=2023-10-01&end_date=2023-10-31';

const clock = new SetClock(Date.parse('2023-10-26T04:00:00Z'));
let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ clock });
});

afterAll(() => app.close());

async function report(api: Caller, query: string): Promise<any> {
  const { status, body, text } = await api.get(`/statistics/report?${query}`);
  expect(status, text).toBe(200);
  return body;
}

const at = (instant: string): void => clock.set(Date.parse(instant));

describe('the report of the seed', () => {
  it('says what a count in SQL says', async () => {
    const { api, organization } = await anOrganization(app);
    const agents = [await anAgent(api), await anAgent(api), await anAgent(api, { max_conversations: 1 })];
    for (let index = 0; index < 24; index++) {
      at(`2023-${index % 8 === 0 ? '11' : '10'}-${String((index % 28) + 1).padStart(2, '0')}T${String(index).padStart(2, '0')}:59:59Z`);
      const conversation = await aConversation(api, { category: ['order', 'refund', null][index % 3] });
      if (index % 4 !== 0) await aMessage(api, conversation, { sender: { type: 'agent', id: agents[index % 3]!.id } });
      if (index % 5 !== 0) expect((await api.delete(`/conversations/${conversation.id}`)).status).toBe(200);
    }
    const [from, to] = [Date.parse('2023-10-01T00:00:00Z'), Date.parse('2023-11-01T00:00:00Z')];
    const counted = await rows(
      app,
      `SELECT agent_id, category, COUNT(*) AS total, SUM(CASE WHEN status = 'closed' AND first_response_at IS NOT NULL THEN 1 ELSE 0 END) AS success,
         SUM(CASE WHEN status = 'closed' AND first_response_at IS NULL THEN 1 ELSE 0 END) AS abandoned
       FROM conversations WHERE organization_id = ? AND created_at >= ? AND created_at < ? GROUP BY agent_id, category ORDER BY agent_id, category`,
      [organization.id, from, to],
    );
    const { status, body } = await api.get(SEED_REPORT);
    expect(status).toBe(200);
    expect(counted.length).toBeGreaterThan(5);
    expect(body.rows.map(({ dimension, metrics: { total, success, abandoned } }: any) => ({ ...dimension, total, success, abandoned }))).toEqual(
      counted.map(({ agent_id, category, total, success, abandoned }) => ({ agent_id, category, total: Number(total), success: Number(success), abandoned: Number(abandoned) })),
    );
    const positions = (await api.get('/events?limit=1&sort=-position')).body.data;
    expect(body.as_of_position).toBe(positions[0].position);
  });
});

describe('reports', () => {
  let api: Caller;

  beforeAll(async () => {
    ({ api } = await anOrganization(app));
    at('2023-10-26T18:14:59.999Z');
    await aConversation(api, { channel: 'web', category: 'late' });
    at('2023-10-26T18:15:00Z');
    await aConversation(api, { channel: 'app', category: '=1+1' });
  });

  it('cut days and hours as clocks there show them', async () => {
    const query = 'type=conversation&dimensions=date,hour,channel&start_date=2023-10-26&end_date=2023-10-27';
    const shown = (body: any): unknown => body.rows.map(({ dimension }: any) => dimension);
    for (const zone of ['Asia/Kathmandu', '+5:45', '%2B05:45', '+0545']) {
      expect(shown(await report(api, `${query}&timezone=${zone}`)), zone).toEqual([{ date: '2023-10-26', hour: 23, channel: 'web' }, { date: '2023-10-27', hour: 0, channel: 'app' }]);
    }
    expect(shown(await report(api, `${query}&timezone=-3`))).toEqual([{ date: '2023-10-26', hour: 15, channel: 'app' }, { date: '2023-10-26', hour: 15, channel: 'web' }]);
    expect((await report(api, `type=conversation&start_date=2023-10-27&end_date=2023-10-27&timezone=Asia/Kathmandu`)).totals.total).toBe(1);
    expect((await report(api, `type=conversation&start_date=2023-10-26&end_date=2023-10-26`)).totals.total).toBe(2);
  });

  it('are of the time zone of the organization when none is asked for', async () => {
    const slug = unique('org');
    const made = await created(app.api.post('/organizations', { slug, name: slug, time_zone: 'Asia/Shanghai' }));
    const shanghai = app.as({ 'x-api-key': made['api_key'].key });
    await aConversation(shanghai);
    expect(await report(shanghai, `type=conversation&dimensions=date${OCTOBER}`)).toMatchObject({ timezone: 'Asia/Shanghai', rows: [{ dimension: { date: '2023-10-27' } }] });
  });

  it('have the filters that are asked for', async () => {
    expect((await report(api, `type=conversation&channel=web${OCTOBER}`)).totals.total).toBe(1);
    expect((await report(api, `type=conversation&category=late&channel=app${OCTOBER}`)).totals.total).toBe(0);
    expect((await report(api, `type=conversation&agent_id=nobody${OCTOBER}`)).totals.total).toBe(0);
  });

  it('name what has no value, and answer null for a mean of nothing', async () => {
    const { rows: found, totals } = await report(api, `type=conversation&dimensions=agent,status${OCTOBER}`);
    expect(found).toMatchObject([{ dimension: { agent_id: null, status: 'queued' }, metrics: { total: 2, avg_rating: null, avg_duration: null } }]);
    expect(totals).toMatchObject({ total: 2, abandonment_rate: null });
    expect(await report(api, `type=ticket${OCTOBER}`)).toMatchObject({ rows: [], totals: { total: 0, avg_resolution: null } });
  });

  it('are CSV where that is asked for, safe for spreadsheets', async () => {
    const answer = await api.get(`/statistics/report.csv?type=conversation&dimensions=category,agent${OCTOBER}`);
    expect(answer.status, answer.text).toBe(200);
    expect([answer.headers.get('content-type'), answer.headers.get('content-disposition')]).toEqual(['text/csv; charset=utf-8', 'attachment; filename="conversation-2023-10-01-2023-10-31.csv"']);
    const [head, ...lines] = answer.text.trimEnd().split('\r\n');
    expect(head!.split(',').slice(0, 4)).toEqual(['category', 'agent_id', 'total', 'success']);
    expect(lines.map((line) => line.split(',').slice(0, 3))).toEqual([["'=1+1", '', '1'], ['late', '', '1']]);
  });

  it('are refused when they would have more than 25,000 rows', async () => {
    const { api: fresh, organization } = await anOrganization(app);
    const cells = Array.from({ length: 25_001 }, (_, index) => ({ quarter: 0, labels: { ...NO_LABELS, category: `c-${index}` }, values: valuesOf('conversation', { total: 1 }) }));
    const store = app.app.get(FactStore);
    await app.app.get(UnitOfWork).run(() => store.replace(organization.id, 'conversation', [{ subjectId: 'many', day: '2023-10-26', cells, known: undefined }]));
    const answer = await fresh.get(`/statistics/report?type=conversation&dimensions=category${OCTOBER}`);
    expect([answer.status, answer.body.errors]).toEqual([422, [{ field: 'dimensions', code: 'statistics.report_too_large', message: expect.any(String) }]]);
    expect((await report(fresh, `type=conversation&dimensions=status${OCTOBER}`)).totals.total).toBe(25_001);
  });

  it.each([
    ['another type', `type=weather${OCTOBER}`, 'type'],
    ['no type', OCTOBER.slice(1), 'type'],
    ['a day that there is not', 'type=conversation&start_date=2023-02-29&end_date=2023-03-01', 'start_date'],
    ['an instant', 'type=conversation&start_date=2023-02-28T00:00:00Z&end_date=2023-03-01', 'start_date'],
    ['an end before the beginning', 'type=conversation&start_date=2023-03-02&end_date=2023-03-01', 'end_date'],
    ['more than three years', 'type=conversation&start_date=2020-01-01&end_date=2023-01-31', 'end_date'],
    ['another dimension', `type=conversation&dimensions=agent,colour${OCTOBER}`, 'dimensions'],
    ['a dimension that agents do not have', `type=agent&dimensions=channel${OCTOBER}`, 'dimensions'],
    ['a filter that agents do not have', `type=agent&category=order${OCTOBER}`, 'category'],
    ['a time zone that there is not', `type=conversation&timezone=Asia/Atlantis${OCTOBER}`, 'timezone'],
    ['an offset between the quarters', `type=conversation&timezone=%2B5:40${OCTOBER}`, 'timezone'],
    ['an offset beyond all zones', `type=conversation&timezone=%2B15:00${OCTOBER}`, 'timezone'],
    ['a field that there is not', `type=conversation&colour=red${OCTOBER}`, 'colour'],
  ])('refuse %s', async (_, query, field) => {
    for (const path of ['report', 'report.csv']) {
      const answer = await api.get(`/statistics/${path}?${query}`);
      expect([answer.status, answer.body.code, answer.body.errors[0].field], answer.text).toEqual([422, 'request.invalid', field]);
    }
  });
});

describe('what a report shows', () => {
  const billing = unique('billing');
  let supervisor: Caller;
  let agent: Resource;
  let own: Resource;

  beforeAll(async () => {
    at('2023-10-26T08:00:00Z');
    agent = await anAgent(app.api, { department: billing });
    own = await aConversation(app.api, { department: billing, channel: 'web' });
    await aMessage(app.api, own, { sender: { type: 'agent', id: agent.id } });
    await aConversation(app.api, { department: 'elsewhere', channel: 'app' });
    at('2023-10-26T09:00:00Z');
    ({ as: supervisor } = await aLogin(app, { role: 'supervisor', department: billing, status: 'offline' }));
  });

  const totalOf = async (caller: Caller, type: string, metric: string): Promise<number> => (await report(caller, `type=${type}${OCTOBER}`)).totals[metric];

  it('is the department of a supervisor', async () => {
    expect(own['agent_id']).toBe(agent.id);
    expect([await totalOf(app.api, 'conversation', 'total'), await totalOf(supervisor, 'conversation', 'total')]).toEqual([2, 1]);
    expect([await totalOf(supervisor, 'message', 'total'), await totalOf(supervisor, 'agent', 'online_seconds'), await totalOf(supervisor, 'agent', 'conversations')]).toEqual([1, 3600, 1]);
    expect((await supervisor.get('/statistics/realtime')).body).toMatchObject({ queue_length: 0, online_agents: 1, open_conversations: 1 });
  });

  it.each([
    ['departments', () => ({ departments: [billing], channels: [], agent_ids: [] }), 1, 3600],
    ['channels', () => ({ departments: [], channels: ['web'], agent_ids: [] }), 1, 3600],
    ['agents', () => ({ departments: [], channels: [], agent_ids: [agent.id] }), 1, 3600],
    ['another channel', () => ({ departments: [billing], channels: ['app'], agent_ids: [] }), 0, 3600],
  ])('is what the data scope of an application names: %s', async (_, scope, conversations, online) => {
    const { as } = await anApplication(app, { scopes: ['statistics:read'], data_scope: scope() });
    expect([await totalOf(as, 'conversation', 'total'), await totalOf(as, 'agent', 'online_seconds')]).toEqual([conversations, online]);
  });

  it('is nothing of another organization', async () => {
    const { api } = await anOrganization(app);
    expect([await totalOf(api, 'conversation', 'total'), await totalOf(api, 'agent', 'online_seconds')]).toEqual([0, 0]);
    expect((await api.get('/statistics/realtime')).body).toMatchObject({ queue_length: 0, online_agents: 0, open_by_agent: [] });
  });
});

describe('the board', () => {
  it('shows who waits, for how long, and what agents are at', async () => {
    const { api } = await anOrganization(app);
    at('2023-10-26T10:00:00Z');
    const busy = await anAgent(api, { max_conversations: 1 });
    await anAgent(api, { status: 'away' });
    await anAgent(api, { status: 'offline' });
    const served = await aConversation(api);
    expect(served['agent_id']).toBe(busy.id);
    await aConversation(api);
    at('2023-10-26T10:00:30Z');
    await aConversation(api, { department: 'support' });
    at('2023-10-26T10:01:12.500Z');
    expect((await api.get('/statistics/realtime')).body).toEqual({
      as_of: '2023-10-26T10:01:12.500Z',
      queue_length: 2,
      longest_wait_seconds: 72,
      queues: expect.arrayContaining([
        { department: null, waiting: 1, longest_wait_seconds: 72 },
        { department: 'support', waiting: 1, longest_wait_seconds: 42 },
      ]),
      online_agents: 1,
      busy_agents: 0,
      away_agents: 1,
      open_conversations: 1,
      pending_conversations: 0,
      open_by_agent: [
        { agent_id: busy.id, nickname: busy['nickname'], department: null, status: 'online', open: 1, pending: 0, max_conversations: 1 },
        { agent_id: expect.any(String), nickname: expect.any(String), department: null, status: 'away', open: 0, pending: 0, max_conversations: 10 },
      ],
    });
  });
});
