import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedConversations } from '../../scripts/seed-month/generated-month.js';
import type { MonthSize } from '../../scripts/seed-month/generated-month.js';
import { loadMonth } from '../../scripts/seed-month/load-month.js';
import { Projections } from '../../src/platform/outbox/projections.js';
import { PROJECTION } from '../../src/modules/statistics/projection/projection-name.js';
import { rows } from '../support/invariants.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';
import { StatisticsOracle } from '../support/statistics-oracle.js';
import type { OracleQuery } from '../support/statistics-oracle.js';

const SMALL: MonthSize = { seed: 7, agents: 10, conversations: 300, messages: 6000 };
/** Clocks change on the 8th in New York and on the 29th in Berlin. */
const ZONES = ['Europe/Berlin', 'America/New_York'];
const CUTS: Partial<Record<OracleQuery['type'], string[][]>> = {
  conversation: [[], ['date'], ['hour'], ['agent', 'category'], ['department', 'channel', 'priority', 'status']],
  message: [[], ['date'], ['hour', 'agent'], ['category', 'department']],
  agent: [['agent'], ['department']],
  satisfaction: [[], ['agent'], ['date', 'channel']],
};
const QUERIES = ZONES.flatMap((timezone) => Object.entries(CUTS).flatMap(([type, cuts]) => cuts.map((dimensions) => ({ type: type as OracleQuery['type'], timezone, dimensions }))));

/** A small month by default; `npm run seed:month` gives the database into which it has loaded its own. */
const { MONTH_DATABASE_URL, MONTH_REDIS_URL, MONTH_SECRET_KEY, MONTH_API_KEY } = process.env;
const given = MONTH_DATABASE_URL !== undefined;

describe('every metric of an imported month is what the tables and the event log say', () => {
  let app: TestApp;
  let api: Caller;
  let oracle: StatisticsOracle;

  beforeAll(async () => {
    const env = { EVENT_RETENTION_DAYS: '36500', ...(given && { SECRET_KEY: MONTH_SECRET_KEY }) };
    const database = given ? { url: MONTH_DATABASE_URL, redisUrl: MONTH_REDIS_URL, drop: async () => undefined } : undefined;
    app = await startTestApp({ env, database });
    api = given ? app.as({ 'x-api-key': MONTH_API_KEY! }) : app.api;
    if (!given) await loadMonth({ url: app.url, apiKey: app.api.headers['x-api-key']! }, SMALL, () => undefined);
    const [organization] = await rows<{ id: string }>(app, "SELECT id FROM organizations WHERE slug = 'default'");
    await app.app.get(Projections).catchUp(PROJECTION, organization!.id);
    oracle = await StatisticsOracle.read(app, organization!.id, Date.now());
  }, 900_000);

  afterAll(() => app.close());

  it.skipIf(given)('holds each conversation and each message once, also when it is loaded again', async () => {
    const again = await loadMonth({ url: app.url, apiKey: app.api.headers['x-api-key']! }, SMALL, () => undefined);
    expect(again).toEqual({ conversations: SMALL.conversations, messages: SMALL.messages, known: SMALL.conversations });
    const [stored] = await rows(app, 'SELECT (SELECT COUNT(*) FROM conversations) AS conversations, (SELECT COUNT(*) FROM messages) AS messages');
    expect({ conversations: Number(stored!['conversations']), messages: Number(stored!['messages']) }).toEqual({ conversations: SMALL.conversations, messages: SMALL.messages });
    const sent = [...generatedConversations(SMALL)];
    const report = (await api.get('/statistics/report?type=conversation&start_date=2026-02-28&end_date=2026-04-02&timezone=UTC')).body.totals;
    expect(report).toMatchObject({
      total: sent.length, closed: sent.filter(({ status }) => status === 'closed').length, transferred: sent.filter(({ transfers }) => transfers.length > 0).length,
      rated: sent.filter(({ rating }) => rating !== null).length,
    });
  });

  it('knows how long agents handled what was brought in', () => {
    const { totals } = oracle.report({ type: 'agent', timezone: 'UTC', dimensions: [], start_date: '2026-03-03', end_date: '2026-03-30' });
    expect(totals['handling_seconds']).toBeGreaterThan(0);
  });

  it.each(QUERIES)('$type by $dimensions in $timezone', async ({ type, timezone, dimensions }) => {
    const range = { start_date: '2026-03-03', end_date: '2026-03-30' };
    const expected = oracle.report({ type, timezone, dimensions, ...range });
    const { status, body, text } = await api.get(`/statistics/report?${new URLSearchParams({ type, timezone, dimensions: dimensions.join(','), ...range })}`);
    expect(status, text).toBe(200);
    expect(body.totals).toEqual(expected.totals);
    const key = ({ dimension }: { dimension: object }): string => JSON.stringify(dimension);
    const inOrder = <T extends { dimension: object }>(found: readonly T[]): T[] => found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    expect(inOrder(body.rows)).toEqual(inOrder(expected.rows));
    expect(body.rows.length).toBeGreaterThan(0);
  }, 120_000);
});
