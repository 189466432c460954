import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { dayOf } from '../../src/modules/statistics/cells/cell.js';
import { PackDays } from '../../src/modules/statistics/facts/pack-days.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Projections } from '../../src/platform/outbox/projections.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { aConversation, aMessage, anAgent, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { linesOf, plansWithoutScan } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const DAY_MS = 86_400_000;
const LARGE = ['statistics_facts', 'statistics_days', 'statistics_packs', 'statistics_serving', 'statistics_agents', 'statistics_agent_periods', 'statistics_pushed'];
const DAYS = 400;
const FACTS_A_DAY = 60;

/** How statistics reach their tables when these have grown. */
describe('no query of statistics reads a large table from end to end', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLES: 'api' } });
    ({ api, organization } = await anOrganization(app));
    const { organization: other } = await anOrganization(app);
    for (const { id } of [organization, other]) await seed(id);
    if (HAS_SERVERS) for (const table of LARGE) await app.app.get(UnitOfWork).query(`ANALYZE TABLE ${table}`);
  }, 180_000);

  afterAll(() => app.close());

  async function seed(own: string): Promise<void> {
    const unitOfWork = app.app.get(UnitOfWork);
    const now = Date.now();
    const days = Array.from({ length: DAYS }, (_, index) => dayOf(now - (index + 2) * DAY_MS));
    // Reports of times read the agents of the organization, which are few of all.
    const agents = Array.from({ length: own === organization.id ? 100 : 4000 }, () => newId('agent'));
    const of = <T>(make: (day: string, index: number) => T): T[] => days.flatMap((day) => Array.from({ length: FACTS_A_DAY }, (_, index) => make(day, index)));
    const key = (day: string): unknown[] => [own, 'conversation', day];
    await unitOfWork.run(async () => {
      await addRows(unitOfWork, 'statistics_facts', ['organization_id', 'source', 'day', 'subject_id', 'cells'], of((day) => [...key(day), newId('conversation'), '[]']));
      await addRows(unitOfWork, 'statistics_days', ['organization_id', 'source', 'day', 'version', 'stale', 'pack_after'], days.map((day) => [...key(day), 1, 0, 0]));
      await addRows(unitOfWork, 'statistics_packs', ['organization_id', 'source', 'day', 'version', 'pack'], days.map((day) => [...key(day), 1, Buffer.from([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0])]));
      await addRows(unitOfWork, 'statistics_serving', ['conversation_id', 'organization_id', 'agent_id', 'first_assigned_at', 'since'], of((_, index) => [newId('conversation'), own, index === 0 ? agents[0] : null, now, index === 0 ? now : null]));
      await addRows(unitOfWork, 'statistics_agents', ['agent_id', 'organization_id', 'department', 'status', 'active', 'since'], agents.map((id) => [id, own, null, 'offline', 0, now]));
      await addRows(unitOfWork, 'statistics_agent_periods', ['organization_id', 'agent_id', 'department', 'status', 'active', 'started_at', 'ended_at'],
        of((_, index) => [own, agents[index], null, 'online', 0, now - 2, now - 1]));
      await addRows(unitOfWork, 'statistics_pushed', ['organization_id', 'type', 'dimension_hash', 'dimension', 'date', 'metrics', 'pushed_at'],
        of((day, index) => [own, 'conversation', `${day} ${index}`, '{}', day, '{}', now]));
    });
  }

  const expectNoScans = async (work: () => Promise<unknown>): Promise<string> => linesOf(await plansWithoutScan(app, LARGE, work));

  it('when the event log is followed', async () => {
    const agent = await anAgent(api);
    const conversation = await aConversation(api);
    await aMessage(api, conversation, { sender: { type: 'agent', id: agent.id } });
    await api.put(`/agents/${agent.id}/status`, { status: 'away' });
    const steps = await expectNoScans(() => app.app.get(Projections).catchUp('statistics', organization.id));
    expect(steps).toContain('statistics_facts_subject');
  });

  it('when days are packed', async () => {
    expect(await expectNoScans(() => app.app.get(PackDays).run())).toContain('statistics_days_stale');
  });

  it('when a report is read, of a week or of a year', async () => {
    for (const [days, type] of [[7, 'conversation'], [365, 'conversation'], [30, 'message'], [30, 'agent']] as const) {
      const query = `type=${type}&start_date=${dayOf(Date.now() - days * DAY_MS)}&end_date=${dayOf(Date.now())}`;
      await expectNoScans(async () => expect((await api.get(`/statistics/report?${query}`)).status).toBe(200));
    }
  });

  it('when figures are pushed', async () => {
    const figures = Array.from({ length: 50 }, (_, index) => ({ type: 'conversation', metrics: { total: 1 }, dimension: { date: '2026-03-01', category: `c-${index}` } }));
    await expectNoScans(async () => expect((await api.post('/statistics/push', figures)).status).toBe(200));
  });
});
