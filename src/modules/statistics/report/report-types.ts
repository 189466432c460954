import type { Label } from '../cells/cell.js';
import { MEASURES, MESSAGE_TYPES, SCORES } from '../cells/sources.js';
import type { Source } from '../cells/sources.js';

export const REPORT_TYPES = ['conversation', 'message', 'agent', 'ticket', 'satisfaction'] as const;
export type ReportType = (typeof REPORT_TYPES)[number];

export const DIMENSIONS = ['date', 'hour', 'agent', 'department', 'channel', 'category', 'priority', 'status'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** The sum of a measure in a group. */
export type Sum = (source: Source, measure: string) => number;
export type Metrics = Record<string, number | null>;

export interface ReportDefinition {
  sources: readonly Source[];
  /** What it can be told apart by beside date and hour. */
  labels: readonly Label[];
  metrics: (sum: Sum) => Metrics;
}

const ALL: readonly Label[] = ['agent', 'department', 'channel', 'category', 'priority', 'status'];

/** Times are in seconds, shares from 0 to 1; a mean of nothing is null. */
export const REPORTS: Record<ReportType, ReportDefinition> = {
  conversation: { sources: ['conversation'], labels: ALL, metrics: conversationMetrics },
  message: { sources: ['message'], labels: ALL, metrics: messageMetrics },
  agent: { sources: ['presence', 'conversation', 'message'], labels: ['agent', 'department'], metrics: agentMetrics },
  ticket: { sources: ['ticket'], labels: ALL, metrics: ticketMetrics },
  satisfaction: { sources: ['conversation'], labels: ALL, metrics: satisfactionMetrics },
};

/** The places of the measures of a source that a report looks at. */
export function measuresOf(type: ReportType, wanted: Source): number[] {
  const asked = new Set<string>();
  REPORTS[type].metrics((source, measure) => {
    if (source === wanted) asked.add(measure);
    return 0;
  });
  return MEASURES[wanted].flatMap((measure, place) => (asked.has(measure) ? [place] : []));
}

function conversationMetrics(sum: Sum): Metrics {
  const of = (measure: string): number => sum('conversation', measure);
  return {
    total: of('total'),
    success: of('success'),
    abandoned: of('abandoned'),
    transferred: of('transferred'),
    avg_duration: meanSeconds(of('duration_ms'), of('closed')),
    avg_first_response: meanSeconds(of('first_response_ms'), of('answered')),
    avg_wait: meanSeconds(of('wait_ms'), of('assigned')),
    avg_rating: meanRating(sum),
    closed: of('closed'),
    answered: of('answered'),
    transfers: of('transfers'),
    off_hours: of('off_hours'),
    rated: rated(sum),
    abandonment_rate: share(of('abandoned'), of('closed')),
    avg_handling: meanSeconds(of('handling_ms'), of('handled')),
    avg_resolution: meanSeconds(of('resolution_ms'), of('success')),
    avg_first_response_business: meanSeconds(of('first_response_business_ms'), of('answered')),
    avg_wait_business: meanSeconds(of('wait_business_ms'), of('assigned')),
    avg_resolution_business: meanSeconds(of('resolution_business_ms'), of('success')),
  };
}

function messageMetrics(sum: Sum): Metrics {
  const of = (measure: string): number => sum('message', measure);
  const sent = of('by_agent') + of('by_bot') + of('by_system');
  return {
    total: of('by_visitor') + sent,
    received: of('by_visitor'),
    sent,
    by_agent: of('by_agent'),
    by_bot: of('by_bot'),
    by_system: of('by_system'),
    ...Object.fromEntries(MESSAGE_TYPES.map((type) => [type, of(type)])),
  };
}

function agentMetrics(sum: Sum): Metrics {
  const of = (measure: string): number => sum('presence', measure);
  const signedInMs = of('online_ms') + of('busy_ms') + of('away_ms');
  return {
    online_seconds: seconds(of('online_ms')),
    busy_seconds: seconds(of('busy_ms')),
    away_seconds: seconds(of('away_ms')),
    handling_seconds: seconds(of('handling_ms')),
    occupied_seconds: seconds(of('occupied_ms')),
    utilization: share(of('occupied_ms'), signedInMs),
    conversations: sum('conversation', 'total'),
    success: sum('conversation', 'success'),
    transferred: sum('conversation', 'transferred'),
    messages: sum('message', 'by_agent'),
    avg_first_response: meanSeconds(sum('conversation', 'first_response_ms'), sum('conversation', 'answered')),
    avg_handling: meanSeconds(sum('conversation', 'handling_ms'), sum('conversation', 'handled')),
    avg_rating: meanRating(sum),
    rated: rated(sum),
  };
}

function ticketMetrics(sum: Sum): Metrics {
  const of = (measure: string): number => sum('ticket', measure);
  return {
    ...Object.fromEntries(['total', 'open', 'processing', 'pending', 'resolved', 'closed', 'overdue', 'solved'].map((measure) => [measure, of(measure)])),
    overdue_rate: share(of('overdue'), of('total')),
    avg_resolution: meanSeconds(of('resolution_ms'), of('solved')),
    avg_resolution_business: meanSeconds(of('resolution_business_ms'), of('solved')),
  };
}

function satisfactionMetrics(sum: Sum): Metrics {
  const total = sum('conversation', 'total');
  return {
    total,
    rated: rated(sum),
    rate: share(rated(sum), total),
    avg_rating: meanRating(sum),
    ...Object.fromEntries(SCORES.map((score) => [`rating_${score}`, sum('conversation', `rating_${score}`)])),
  };
}

function rated(sum: Sum): number {
  return SCORES.reduce((count, score) => count + sum('conversation', `rating_${score}`), 0);
}

function meanRating(sum: Sum): number | null {
  const points = SCORES.reduce<number>((total, score) => total + score * sum('conversation', `rating_${score}`), 0);
  return share(points, rated(sum));
}

function seconds(ms: number): number {
  return ms / 1000;
}

function meanSeconds(ms: number, count: number): number | null {
  return count === 0 ? null : Math.round(ms / count) / 1000;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000;
}
