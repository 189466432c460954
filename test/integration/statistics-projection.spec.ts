import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PackDays } from '../../src/modules/statistics/facts/pack-days.js';
import { CountConversations } from '../../src/modules/statistics/projection/count-conversations.js';
import { Rebuild } from '../../src/modules/statistics/rebuild/rebuild.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Projections } from '../../src/platform/outbox/projections.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anAgent, anOrganization, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { SetClock } from '../support/set-clock.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const MINUTE_MS = 60_000;
const DAY = '&start_date=2026-03-02&end_date=2026-03-02';

/** Two instances where there are servers, one otherwise. */
describe('the projection of statistics', () => {
  const clock = new SetClock(Date.parse('2026-03-02T09:00:00Z'));
  let cluster: Cluster;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    // Nobody but the test drives it.
    cluster = await startCluster({ clock, env: { ROLES: 'api' } });
  });

  afterAll(() => cluster.close());

  async function begin(): Promise<void> {
    clock.set(Date.parse('2026-03-02T09:00:00Z'));
    ({ api, organization } = await anOrganization(cluster.a));
  }

  const on = (app: TestApp) => app.app.get(Projections);
  const catchUp = (app: TestApp): Promise<number> => on(app).catchUp('statistics', organization.id);
  const stored = (app: TestApp) => rows(app, 'SELECT source, day, subject_id, cells FROM statistics_facts WHERE organization_id = ? ORDER BY source, day, subject_id', [organization.id]);

  async function report(query: string): Promise<any> {
    const { status, body, text } = await api.get(`/statistics/report?${query}${DAY}`);
    expect(status, text).toBe(200);
    return body;
  }

  async function talk(): Promise<Resource> {
    const conversation = await aConversation(api, { category: 'order' });
    for (const sender of [{ type: 'visitor' }, { type: 'bot', id: 'b' }, { type: 'agent', id: conversation['agent_id'] }]) await aMessage(api, conversation, { sender });
    return conversation;
  }

  it('counts each event once, where it fails in the middle', async () => {
    await begin();
    await anAgent(api);
    await talk();
    clock.set(clock.now() + 5 * MINUTE_MS);
    await aConversation(api);
    const counter = cluster.a.app.get(CountConversations);
    const failing = vi.spyOn(counter, 'count').mockRejectedValueOnce(new Error('It was killed.'));
    await expect(catchUp(cluster.a)).rejects.toThrow('It was killed.');
    failing.mockRestore();
    expect(await stored(cluster.a)).toEqual([]);
    expect(await rows(cluster.a, 'SELECT agent_id FROM statistics_agents WHERE organization_id = ?', [organization.id])).toEqual([]);
    await catchUp(cluster.a);
    expect((await report('type=agent')).totals).toMatchObject({ online_seconds: 300, handling_seconds: 300, occupied_seconds: 300, utilization: 1, conversations: 2, messages: 1 });
    expect((await report('type=message')).totals).toMatchObject({ total: 3, received: 1, by_bot: 1, by_agent: 1, text: 3 });
  });

  it('counts each event once, however many follow the log at once', async () => {
    await begin();
    await anAgent(api, { max_conversations: 100 });
    for (let index = 0; index < 10; index++) {
      clock.set(clock.now() + MINUTE_MS);
      await talk();
    }
    await Promise.all(Array.from({ length: 8 }, (_, index) => catchUp(index % 2 === 0 ? cluster.a : cluster.b)));
    const { totals } = await report('type=agent');
    expect(totals).toMatchObject({ online_seconds: 600, occupied_seconds: 540, handling_seconds: 60 * 45, conversations: 10, messages: 10 });
    expect((await report('type=message')).totals.total).toBe(30);
  });

  it('counts what changes in place of what was, and what is packed only while it holds', async () => {
    await begin();
    await anAgent(api);
    const conversation = await talk();
    const categories = async (type: string): Promise<unknown> => (await report(`type=${type}&dimensions=category,status`)).rows.map(({ dimension, metrics }: any) => [dimension.category, dimension.status, metrics.total]);
    expect(await categories('conversation')).toEqual([['order', 'open', 1]]);
    await cluster.a.app.get(PackDays).run();
    expect(await rows(cluster.a, 'SELECT day FROM statistics_days WHERE organization_id = ? AND stale = 1', [organization.id])).toEqual([]);
    expect(await categories('message')).toEqual([['order', 'open', 3]]);
    await api.put(`/conversations/${conversation.id}`, { category: 'refund' });
    await aMessage(api, conversation);
    await api.delete(`/conversations/${conversation.id}`);
    expect([await categories('conversation'), await categories('message')]).toEqual([[['refund', 'closed', 1]], [['refund', 'closed', 4]]]);
    await cluster.a.app.get(PackDays).run();
    expect([await categories('conversation'), await categories('message')]).toEqual([[['refund', 'closed', 1]], [['refund', 'closed', 4]]]);
  });

  it('leaves messages of agents to who wrote them when the conversation goes to another', async () => {
    await begin();
    const first = await anAgent(api);
    const conversation = await talk();
    const second = await anAgent(api);
    await api.put(`/conversations/${conversation.id}`, { agent_id: second.id });
    const { rows: found } = await report('type=message&dimensions=agent');
    const shown = found.map(({ dimension, metrics }: any) => [dimension.agent_id, metrics.by_agent, metrics.received, metrics.by_bot]);
    expect(shown).toEqual([[first.id, 1, 0, 0], [second.id, 0, 1, 1]].toSorted());
  });

  it('counts the time of agents up to this moment, split by what they are', async () => {
    await begin();
    const agent = await anAgent(api, { status: 'offline' });
    const steps: [status: string, minutes: number][] = [['online', 20], ['busy', 25], ['away', 30], ['offline', 40], ['online', 5]];
    for (const [status, minutes] of steps) {
      await api.put(`/agents/${agent.id}/status`, { status });
      clock.set(clock.now() + minutes * MINUTE_MS);
    }
    expect((await report('type=agent&dimensions=agent')).rows).toMatchObject([
      { dimension: { agent_id: agent.id }, metrics: { online_seconds: 1500, busy_seconds: 1500, away_seconds: 1800, occupied_seconds: 0, utilization: 0 } },
    ]);
    clock.set(clock.now() + MINUTE_MS);
    expect((await report('type=agent')).totals.online_seconds).toBe(1560);
    expect((await report('type=agent&dimensions=hour')).rows.map(({ dimension, metrics }: any) => [dimension.hour, metrics.online_seconds, metrics.busy_seconds, metrics.away_seconds])).toEqual([
      [9, 1200, 1500, 900], [10, 300, 0, 900], [11, 60, 0, 0],
    ]);
  });

  it.each([[['old/late', 'old/early', 'old/open']], [['old/open', 'old/early', 'old/late']]])('counts the handling of what is brought in later, in the order of %j', async (order) => {
    await begin();
    const agent = await anAgent(api);
    const at = (time: string): string => `2026-03-02T${time}:00Z`;
    const histories: Record<string, object> = {
      'old/early': { assigned_at: at('10:00'), closed_at: at('11:00') },
      'old/late': { assigned_at: at('15:00'), closed_at: at('16:00') },
      'old/open': { assigned_at: at('17:00'), status: 'open' },
    };
    clock.set(Date.parse(at('18:00')));
    const bringIn = async (external_id: string): Promise<string> => {
      const history = { external_id, visitor: { external_id }, agent: agent.id, created_at: at('09:30'), ...histories[external_id] };
      const { body } = await api.post('/import', { conversations: [history] });
      await catchUp(cluster.a);
      return body.results[0].conversation_id;
    };
    const ids = new Map<string, string>();
    for (const id of order.slice(0, 1)) ids.set(id, await bringIn(id));
    const live = await aConversation(api);
    for (const id of order.slice(1)) ids.set(id, await bringIn(id));
    clock.set(Date.parse(at('18:30')));
    // What was brought in and is not touched here leaves the agent as free as it was.
    expect((await report('type=agent')).totals).toMatchObject({ online_seconds: 9.5 * 3600, handling_seconds: 4 * 3600, occupied_seconds: 1800, conversations: 4 });
    await api.put(`/conversations/${ids.get('old/open')}`, { category: 'order' });
    await api.delete(`/conversations/${live.id}`);
    clock.set(Date.parse(at('19:00')));
    await api.delete(`/conversations/${ids.get('old/open')}`);
    clock.set(Date.parse(at('20:00')));
    const counted = await report('type=agent&dimensions=agent,hour');
    expect(counted.totals).toMatchObject({ online_seconds: 11 * 3600, handling_seconds: 4.5 * 3600, occupied_seconds: 3600 });
    expect(counted.rows.map(({ dimension, metrics }: any) => [dimension.hour, metrics.handling_seconds]).filter(([, seconds]: number[]) => seconds! > 0)).toEqual([[10, 3600], [15, 3600], [17, 3600], [18, 5400]]);
    const before = await stored(cluster.a);
    await api.post('/statistics/rebuild');
    await cluster.a.app.get(Rebuild).run();
    expect(await stored(cluster.a)).toEqual(before);
  });

  it('counts what has gone on for years', async () => {
    await begin();
    const agents = await Promise.all(Array.from({ length: 30 }, (_, index) => anAgent(api, { status: index === 0 ? 'online' : 'offline' })));
    const conversations = agents.map(({ id }, index) => ({
      external_id: `years-${index}`, visitor: { external_id: `years-${index}` }, agent: id, status: 'open', created_at: '2023-06-01T10:20:00Z', assigned_at: `2023-06-0${(index % 3) + 1}T10:20:00Z`,
    }));
    expect((await api.post('/import', { conversations })).body).toMatchObject({ created: 30 });
    clock.set(Date.parse('2026-03-02T12:00:00Z'));
    await catchUp(cluster.a);
    const { status, body, text } = await api.get('/statistics/report?type=agent&dimensions=date&timezone=%2B5:45&start_date=2023-06-01&end_date=2026-03-02');
    expect(status, text).toBe(200);
    const days = (until: string, from: string): number => (Date.parse(until) - Date.parse(from)) / 1000;
    const expected = [1, 2, 3].reduce((sum, day) => sum + 10 * days('2026-03-02T12:00:00Z', `2023-06-0${day}T10:20:00Z`), 0);
    expect(body.totals).toMatchObject({ handling_seconds: expected, online_seconds: 3 * 3600, occupied_seconds: 0 });
    const handled = new Map(body.rows.map(({ dimension, metrics }: any) => [dimension.date, metrics.handling_seconds]));
    expect(['2023-06-01', '2023-06-02', '2024-02-29', '2026-03-02'].map((date) => handled.get(date))).toEqual([
      10 * (7 * 3600 + 55 * 60), 10 * 86_400 + 10 * (7 * 3600 + 55 * 60), 30 * 86_400, 30 * (17 * 3600 + 45 * 60),
    ]);
  });

  it('answers reports as of one position while everything changes', async () => {
    await begin();
    const reports: { total: number; position: number }[] = [];
    let writing = true;
    const write = (async () => {
      for (let index = 0; index < 40; index++) await aConversation(api);
      writing = false;
    })();
    while (writing) {
      const { totals, as_of_position } = await report('type=conversation');
      reports.push({ total: totals.total, position: as_of_position });
    }
    await write;
    const events = await eventsAfter(api, 0, '&event=conversation.created');
    expect(reports.map(({ position }) => events.filter((event) => event.position <= position).length)).toEqual(reports.map(({ total }) => total));
    expect(reports.length).toBeGreaterThan(1);
  });

  it('is rebuilt by several at once, while it goes on', async () => {
    await begin();
    await anAgent(api, { max_conversations: 100 });
    for (let index = 0; index < 5; index++) await talk();
    await catchUp(cluster.a);
    const before = await stored(cluster.a);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    await unitOfWork.run(() => unitOfWork.write('DELETE FROM statistics_facts WHERE organization_id = ?', [organization.id]));
    const begun = await Promise.all([api.post('/statistics/rebuild'), api.post('/statistics/rebuild')]);
    expect(begun.map(({ status }) => status)).toEqual([202, 202]);
    await Promise.all([cluster.a.app.get(Rebuild).run(), cluster.b.app.get(Rebuild).run(), catchUp(cluster.b)]);
    await cluster.a.app.get(Rebuild).run();
    expect((await api.get('/statistics/rebuild')).body).toMatchObject({ status: 'done', step: 'done', total: 6, counted: 6, finished_at: expect.any(String) });
    expect(await stored(cluster.a)).toEqual(before);
    expect((await api.post('/statistics/rebuild')).body).toMatchObject({ status: 'running', counted: 0 });
    await cluster.a.app.get(Rebuild).run();
    expect(await stored(cluster.a)).toEqual(before);
  });
});
