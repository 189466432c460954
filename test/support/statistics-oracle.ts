import { DateTime } from 'luxon';
import { Departments } from '../../src/modules/departments/departments.contract.js';
import { Sequencer } from '../../src/platform/outbox/sequencer.js';
import { AgentTimeline } from './agent-timeline.js';
import { rows } from './invariants.js';
import type { TestApp } from './start-test-app.js';

/** Figures of a report, worked out one by one from the tables and the event log, without anything that the service has counted. */
export interface OracleQuery {
  type: 'conversation' | 'message' | 'agent' | 'ticket' | 'satisfaction';
  start_date: string;
  end_date: string;
  timezone: string;
  dimensions: readonly string[];
}

type Values = Record<string, string | number | null>;
export type Metrics = Record<string, number | null>;

export interface OracleReport {
  rows: { dimension: Values; metrics: Metrics }[];
  totals: Metrics;
}

/** One thing that counts at one moment. */
interface Item {
  kind: 'conversation' | 'message' | 'ticket' | 'time';
  at: number;
  labels: Record<string, string | null>;
  facts: Record<string, any>;
}

const SENDERS = ['visitor', 'agent', 'bot', 'system'];
const MESSAGE_TYPES = ['text', 'image', 'file', 'voice', 'video', 'location', 'link', 'card', 'event'];

export class StatisticsOracle {
  private constructor(private readonly items: readonly Item[]) {}

  /** Reads everything of the organization; `now` ends what still goes on. */
  static async read(app: TestApp, organizationId: string, now: number): Promise<StatisticsOracle> {
    await app.app.get(Sequencer).sequence(organizationId);
    const log = await logOf(app, organizationId);
    const conversations = await conversationsOf(app, organizationId, log);
    const items = [
      ...conversations,
      ...(await messagesOf(app, organizationId, new Map(conversations.map((item) => [item.facts['id'], item])))),
      ...(await ticketsOf(app, organizationId, now)),
      ...timeOf(log, now),
    ];
    return new StatisticsOracle(items);
  }

  report({ type, start_date, end_date, timezone, dimensions }: OracleQuery): OracleReport {
    const kinds = { conversation: ['conversation'], satisfaction: ['conversation'], message: ['message'], ticket: ['ticket'], agent: ['time', 'conversation', 'message'] }[type];
    const localOf = localTimes(timezone);
    const groups = new Map<string, { dimension: Values; items: Item[] }>();
    const all: Item[] = [];
    for (const item of this.items) {
      if (!kinds.includes(item.kind) || (type === 'agent' && !isOfAgent(item))) continue;
      const { date, hour } = localOf(item.at);
      if (date < start_date || date > end_date) continue;
      const values: Values = { ...item.labels, date, hour };
      const dimension = Object.fromEntries(dimensions.map((name) => [name === 'agent' ? 'agent_id' : name, values[name]!]));
      const key = JSON.stringify(dimension);
      const group = groups.get(key) ?? { dimension, items: [] };
      group.items.push(item);
      groups.set(key, group);
      all.push(item);
    }
    const metricsOf = (items: readonly Item[]): Metrics => METRICS[type]((kind) => items.filter((item) => item.kind === kind).map(({ facts }) => facts));
    return { rows: [...groups.values()].map(({ dimension, items }) => ({ dimension, metrics: metricsOf(items) })), totals: metricsOf(all) };
  }
}

/** Others write too in the conversations of an agent. */
function isOfAgent({ kind, labels, facts }: Item): boolean {
  return labels['agent'] !== null && (kind !== 'message' || facts['sender'] === 'agent');
}

/** Clocks show the same offset all through a quarter of an hour: each is looked up once. */
function localTimes(timezone: string): (at: number) => { date: string; hour: number } {
  const known = new Map<number, { date: string; hour: number }>();
  return (at) => {
    const quarter = Math.floor(at / 900_000);
    let found = known.get(quarter);
    if (found === undefined) {
      const local = DateTime.fromMillis(at, { zone: timezone });
      found = { date: local.toISODate()!, hour: local.hour };
      known.set(quarter, found);
    }
    return found;
  };
}

export interface OracleEvent {
  type: string;
  at: number;
  conversationId: string | null;
  data: Record<string, any>;
  department: string | null;
  /** False for what was brought in quietly. */
  announced: boolean;
}

async function logOf(app: TestApp, organizationId: string): Promise<OracleEvent[]> {
  const found = await rows<Record<string, any>>(app, 'SELECT type, occurred_at, data, conversation_id, department, announced FROM events WHERE organization_id = ? ORDER BY position', [organizationId]);
  return found.map((row) => ({ type: row['type'], at: Number(row['occurred_at']), conversationId: row['conversation_id'], data: JSON.parse(row['data']), department: row['department'], announced: Boolean(row['announced']) }));
}

const labelsOf = (row: Record<string, any>): Item['labels'] => ({
  agent: row['agent_id'], department: row['department'], channel: row['channel'], category: row['category'], priority: row['priority'], status: row['status'],
});
const instant = (value: unknown): number | null => (value === null ? null : Number(value));

async function conversationsOf(app: TestApp, organizationId: string, log: readonly OracleEvent[]): Promise<Item[]> {
  const firstAssigned = new Map<string, number>();
  for (const { type, at, conversationId, data } of log) {
    if (type.startsWith('conversation.') && ['open', 'pending'].includes(data['status']) && data['agent_id'] !== null && !firstAssigned.has(conversationId!)) firstAssigned.set(conversationId!, at);
  }
  const found = await rows<Record<string, any>>(app, 'SELECT * FROM conversations WHERE organization_id = ?', [organizationId]);
  const departments = app.app.get(Departments);
  return Promise.all(
    found.map(async (row): Promise<Item> => {
      const createdAt = Number(row['created_at']);
      const closedAt = row['status'] === 'closed' ? instant(row['closed_at']) : null;
      const [respondedAt, assignedAt] = [instant(row['first_response_at']), instant(row['assigned_at'])];
      const waitedUntil = firstAssigned.get(row['id']) ?? assignedAt;
      const business = async (to: number | null): Promise<number | null> => (to === null ? null : departments.businessMsBetween(organizationId, row['department'], createdAt, to));
      const since = (to: number | null, from = createdAt): number | null => (to === null ? null : to - from);
      const solvedAt = respondedAt === null ? null : closedAt;
      return {
        kind: 'conversation',
        at: createdAt,
        labels: labelsOf(row),
        facts: {
          id: row['id'], closed: closedAt !== null, answered: respondedAt !== null, transfers: row['transfer_count'], rating: row['rating'], offHours: Boolean(row['off_hours']),
          duration: since(closedAt), response: since(respondedAt), wait: since(waitedUntil), handling: assignedAt === null ? null : since(closedAt, assignedAt), resolution: since(solvedAt),
          businessResponse: await business(respondedAt), businessWait: await business(waitedUntil), businessResolution: await business(solvedAt),
        },
      };
    }),
  );
}

async function messagesOf(app: TestApp, organizationId: string, conversations: ReadonlyMap<string, Item>): Promise<Item[]> {
  const found = await rows<Record<string, any>>(app, 'SELECT conversation_id, sender_type, sender_id, type, created_at FROM messages WHERE organization_id = ?', [organizationId]);
  return found.map((row) => {
    const { labels } = conversations.get(row['conversation_id'])!;
    const agent = row['sender_type'] === 'agent' ? row['sender_id'] : labels['agent'];
    return { kind: 'message', at: Number(row['created_at']), labels: { ...labels, agent }, facts: { sender: row['sender_type'], type: row['type'] } };
  });
}

async function ticketsOf(app: TestApp, organizationId: string, now: number): Promise<Item[]> {
  const found = await rows<Record<string, any>>(app, 'SELECT * FROM tickets WHERE organization_id = ?', [organizationId]);
  const changes = await rows<Record<string, any>>(app, "SELECT c.* FROM ticket_changes c JOIN tickets t ON t.id = c.ticket_id WHERE t.organization_id = ? AND c.field = 'status' ORDER BY c.created_at, c.id", [organizationId]);
  const isSolved = (status: string): boolean => status === 'resolved' || status === 'closed';
  return Promise.all(
    found.map(async (row): Promise<Item> => {
      const createdAt = Number(row['created_at']);
      const solutions = changes.filter((change) => change['ticket_id'] === row['id'] && isSolved(JSON.parse(change['new_value'])) && !isSolved(JSON.parse(change['old_value'])));
      const solvedAt = isSolved(row['status']) ? Number(solutions.at(-1)?.['created_at'] ?? createdAt) : null;
      return {
        kind: 'ticket',
        at: createdAt,
        labels: labelsOf(row),
        facts: {
          status: row['status'],
          overdue: Number(row['due_at']) < (solvedAt ?? now),
          resolution: solvedAt === null ? null : solvedAt - createdAt,
          businessResolution: solvedAt === null ? null : await app.app.get(Departments).businessMsBetween(organizationId, row['department'], createdAt, solvedAt),
        },
      };
    }),
  );
}

function timeOf(log: readonly OracleEvent[], now: number): Item[] {
  const timeline = new AgentTimeline();
  for (const event of log) timeline.take(event);
  return timeline.until(now).map(({ at, agentId, department, ...facts }) => ({
    kind: 'time', at, labels: { agent: agentId, department, channel: null, category: null, priority: null, status: null }, facts,
  }));
}

type Facts = Record<string, any>[];
type Of = (kind: Item['kind']) => Facts;

const round = (value: number, places: number): number => Math.round(value * 10 ** places) / 10 ** places;
const count = (facts: Facts, test: (each: Record<string, any>) => boolean): number => facts.filter(test).length;
const sum = (facts: Facts, name: string): number => facts.reduce((total, each) => total + (each[name] as number), 0);
const share = (part: number, whole: number): number | null => (whole === 0 ? null : round(part / whole, 4));

/** The mean of those that have it, in seconds. */
function mean(facts: Facts, name: string): number | null {
  const having = facts.filter((each) => each[name] !== null);
  return having.length === 0 ? null : Math.round(sum(having, name) / having.length) / 1000;
}

function ratings(facts: Facts): { rated: number; avg_rating: number | null } {
  const having = facts.filter(({ rating }) => rating !== null);
  return { rated: having.length, avg_rating: share(sum(having, 'rating'), having.length) };
}

const METRICS: Record<OracleQuery['type'], (of: Of) => Metrics> = {
  conversation(of) {
    const all = of('conversation');
    const closed = all.filter((each) => each['closed']);
    const { rated, avg_rating } = ratings(all);
    return {
      total: all.length,
      success: count(closed, ({ answered }) => answered),
      abandoned: count(closed, ({ answered }) => !answered),
      transferred: count(all, ({ transfers }) => transfers > 0),
      avg_duration: mean(all, 'duration'),
      avg_first_response: mean(all, 'response'),
      avg_wait: mean(all, 'wait'),
      avg_rating,
      closed: closed.length,
      answered: count(all, ({ answered }) => answered),
      transfers: sum(all, 'transfers'),
      off_hours: count(all, ({ offHours }) => offHours),
      rated,
      abandonment_rate: share(count(closed, ({ answered }) => !answered), closed.length),
      avg_handling: mean(all, 'handling'),
      avg_resolution: mean(all, 'resolution'),
      avg_first_response_business: mean(all, 'businessResponse'),
      avg_wait_business: mean(all, 'businessWait'),
      avg_resolution_business: mean(all, 'businessResolution'),
    };
  },
  message(of) {
    const all = of('message');
    const by = Object.fromEntries(SENDERS.map((sender) => [sender, count(all, (each) => each['sender'] === sender)])) as Record<string, number>;
    return {
      total: all.length,
      received: by['visitor']!,
      sent: all.length - by['visitor']!,
      by_agent: by['agent']!,
      by_bot: by['bot']!,
      by_system: by['system']!,
      ...Object.fromEntries(MESSAGE_TYPES.map((type) => [type, count(all, (each) => each['type'] === type)])),
    };
  },
  agent(of) {
    const time = of('time');
    const during = (test: (each: Record<string, any>) => boolean): number => sum(time.filter(test), 'ms') / 1000;
    const signedIn = (each: Record<string, any>): boolean => ['online', 'busy', 'away'].includes(each['status']);
    const occupied = during((each) => signedIn(each) && each['active'] > 0);
    const all = of('conversation');
    const { rated, avg_rating } = ratings(all);
    return {
      online_seconds: during(({ status }) => status === 'online'),
      busy_seconds: during(({ status }) => status === 'busy'),
      away_seconds: during(({ status }) => status === 'away'),
      handling_seconds: during(({ held }) => held),
      occupied_seconds: occupied,
      utilization: share(occupied, during(signedIn)),
      conversations: all.length,
      success: count(all, ({ closed, answered }) => closed && answered),
      transferred: count(all, ({ transfers }) => transfers > 0),
      messages: count(of('message'), ({ sender }) => sender === 'agent'),
      avg_first_response: mean(all, 'response'),
      avg_handling: mean(all, 'handling'),
      avg_rating,
      rated,
    };
  },
  ticket(of) {
    const all = of('ticket');
    const overdue = count(all, (each) => each['overdue']);
    return {
      total: all.length,
      ...Object.fromEntries(['open', 'processing', 'pending', 'resolved', 'closed'].map((status) => [status, count(all, (each) => each['status'] === status)])),
      overdue,
      solved: count(all, ({ resolution }) => resolution !== null),
      overdue_rate: share(overdue, all.length),
      avg_resolution: mean(all, 'resolution'),
      avg_resolution_business: mean(all, 'businessResolution'),
    };
  },
  satisfaction(of) {
    const all = of('conversation');
    const { rated, avg_rating } = ratings(all);
    const scores = [1, 2, 3, 4, 5].map((score) => [`rating_${score}`, count(all, ({ rating }) => rating === score)]);
    return { total: all.length, rated, rate: share(rated, all.length), avg_rating, ...(Object.fromEntries(scores) as Metrics) };
  },
};
