import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackDays } from '../../src/modules/statistics/facts/pack-days.js';
import { Rebuild } from '../../src/modules/statistics/rebuild/rebuild.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { anOrganization } from '../support/desk.js';
import { GeneratedMonth } from '../support/generated-month.js';
import { rows } from '../support/invariants.js';
import { SetClock } from '../support/set-clock.js';
import { StatisticsOracle } from '../support/statistics-oracle.js';
import type { OracleQuery } from '../support/statistics-oracle.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** Summer time begins on the 8th in New York and on the 29th in Berlin; Kathmandu is 5:45 ahead all the year. */
const FROM = Date.parse('2026-03-02T00:00:00Z');
const DAYS = 30;
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'];
const CUTS: Record<OracleQuery['type'], string[][]> = {
  conversation: [[], ['date'], ['hour'], ['agent', 'category'], ['date', 'hour', 'status'], ['department', 'channel', 'priority']],
  message: [[], ['date', 'channel'], ['hour', 'agent'], ['category', 'status', 'priority', 'department']],
  agent: [[], ['agent'], ['date'], ['date', 'hour', 'agent'], ['department']],
  ticket: [[], ['status', 'priority'], ['agent'], ['date', 'category']],
  satisfaction: [[], ['agent'], ['hour'], ['channel', 'date']],
};
const QUERIES = ZONES.flatMap((timezone) => Object.entries(CUTS).flatMap(([type, cuts]) => cuts.map((dimensions) => ({ type, timezone, dimensions }) as Pick<OracleQuery, 'type' | 'timezone' | 'dimensions'>)));

describe('every metric of every report is what the tables and the event log say', () => {
  const clock = new SetClock(FROM);
  let app: TestApp;
  let api: Caller;
  let organizationId: string;
  let oracle: StatisticsOracle;

  beforeAll(async () => {
    app = await startTestApp({ clock });
    const made = await anOrganization(app);
    api = made.api;
    organizationId = made.organization.id;
    await new GeneratedMonth(api, clock, FROM, DAYS).run(60, 12);
    oracle = await StatisticsOracle.read(app, organizationId, clock.now());
  }, 180_000);

  afterAll(() => app.close());

  async function expectRight(query: Omit<OracleQuery, 'start_date' | 'end_date'>, start_date = '2026-03-05', end_date = '2026-03-30'): Promise<void> {
    const expected = oracle.report({ ...query, start_date, end_date });
    const parameters = new URLSearchParams({ type: query.type, start_date, end_date, timezone: query.timezone, dimensions: query.dimensions.join(',') });
    const { status, body, text } = await api.get(`/statistics/report?${parameters}`);
    expect(status, text).toBe(200);
    expect(body.totals).toEqual(expected.totals);
    const key = ({ dimension }: { dimension: object }): string => JSON.stringify(dimension);
    expect(body.rows.toSorted((a: any, b: any) => (key(a) < key(b) ? -1 : 1))).toEqual(expected.rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)));
    expect(body.rows.length).toBeGreaterThan(0);
  }

  it('has something to tell apart', () => {
    const { totals } = oracle.report({ type: 'conversation', start_date: '2026-03-05', end_date: '2026-03-30', timezone: 'UTC', dimensions: [] });
    for (const metric of ['success', 'abandoned', 'transferred', 'rated', 'avg_wait', 'avg_handling']) expect(totals[metric], metric).toBeGreaterThan(0);
    const tickets = oracle.report({ type: 'ticket', start_date: '2026-03-05', end_date: '2026-03-30', timezone: 'UTC', dimensions: [] }).totals;
    for (const metric of ['solved', 'overdue', 'processing']) expect(tickets[metric], metric).toBeGreaterThan(0);
  });

  it.each(QUERIES)('$type by $dimensions in $timezone', async (query) => {
    await expectRight(query);
  });

  it('also from packed days', async () => {
    await app.app.get(PackDays).run();
    expect(await rows(app, 'SELECT day FROM statistics_days WHERE stale = 1')).toEqual([]);
    for (const query of QUERIES.filter((_, index) => index % 5 === 0)) await expectRight(query);
  });

  it('also on the days on which clocks are changed', async () => {
    for (const [timezone, day] of [['Europe/Berlin', '2026-03-29'], ['America/New_York', '2026-03-08']] as const) {
      for (const type of ['conversation', 'message', 'agent'] as const) await expectRight({ type, timezone, dimensions: ['date', 'hour'] }, day, day);
    }
  });

  it('also after everything was counted anew, where facts were lost or wrong', async () => {
    const before = await rows(app, 'SELECT source, day, subject_id, cells FROM statistics_facts WHERE organization_id = ? ORDER BY source, day, subject_id', [organizationId]);
    const unitOfWork = app.app.get(UnitOfWork);
    await unitOfWork.run(async () => {
      await unitOfWork.write("DELETE FROM statistics_facts WHERE source <> 'message'", []);
      await unitOfWork.write("UPDATE statistics_facts SET cells = '[]' WHERE source = 'message'", []);
    });
    expect((await api.post('/statistics/rebuild')).status).toBe(202);
    await app.app.get(Rebuild).run();
    expect((await api.get('/statistics/rebuild')).body).toMatchObject({ status: 'done', step: 'done' });
    const after = await rows(app, 'SELECT source, day, subject_id, cells FROM statistics_facts WHERE organization_id = ? ORDER BY source, day, subject_id', [organizationId]);
    expect(after).toEqual(before);
    for (const query of QUERIES.filter((_, index) => index % 7 === 0)) await expectRight(query);
  });
});
