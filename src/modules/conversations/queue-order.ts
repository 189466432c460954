import { placeholders } from '../../platform/database/rows.js';
import type { ClosedDepartments } from '../departments/departments.contract.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { ConversationPriority } from './domain/conversation-status.js';

export interface Fragment {
  sql: string;
  parameters: unknown[];
}

/** The order in which the queue is served: by rank, 0 first, then by time, then by id. */
const RANKS: Record<ConversationPriority, number> = { urgent: 0, high: 1, normal: 2, low: 3 };
export const QUEUE_RANK = "CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END";

/** Behind all that may be served. */
const SHUT_OUT = 4;

export interface Place {
  rank: number;
  queuedAt: number;
  id: string;
}

export function beforeInQueue({ sql, parameters }: Fragment, { rank, queuedAt, id }: Place): Fragment {
  return {
    sql: `(${sql} < ? OR (${sql} = ? AND (queued_at < ? OR (queued_at = ? AND id < ?))))`,
    parameters: [...parameters, rank, ...parameters, rank, queuedAt, queuedAt, id],
  };
}

export function behindInQueue(place: Place): Fragment {
  const { sql, parameters } = beforeInQueue({ sql: QUEUE_RANK, parameters: [] }, place);
  return { sql: sql.replaceAll('<', '>'), parameters };
}

/** Holds for what came outside of business hours while its department is closed; null where none is. */
export function shutOut({ closed, known, others }: ClosedDepartments): Fragment | null {
  const conditions: string[] = [];
  if (closed.length > 0) conditions.push(`(department IS NOT NULL AND department IN (${placeholders(closed.length)}))`);
  if (others) conditions.push(`(department IS NULL OR department NOT IN (${known.length === 0 ? "''" : placeholders(known.length)}))`);
  if (conditions.length === 0) return null;
  return { sql: `(off_hours = 1 AND (${conditions.join(' OR ')}))`, parameters: [...closed, ...(others ? known : [])] };
}

export function isShutOut({ off_hours, department }: ConversationEntity, { closed, known, others }: ClosedDepartments): boolean {
  return off_hours && (department !== null && known.includes(department) ? closed.includes(department) : others);
}

/** The rank of a row, with what waits for its department to open behind all others. */
export function rankOfRow(closed: ClosedDepartments): Fragment {
  const out = shutOut(closed);
  if (out === null) return { sql: QUEUE_RANK, parameters: [] };
  return { sql: `(CASE WHEN ${out.sql} THEN ${SHUT_OUT} ELSE 0 END + ${QUEUE_RANK})`, parameters: out.parameters };
}

export function rankOf(conversation: ConversationEntity, closed: ClosedDepartments): number {
  return RANKS[conversation.priority] + (isShutOut(conversation, closed) ? SHUT_OUT : 0);
}
