import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { rulesOf } from './dispatch-rules.js';
import type { DispatchRules } from './dispatch-rules.js';
import { groupBy } from './group-by.js';
import { grantable } from './rate-grants.js';

export interface DeliveryRow {
  id: string;
  organization_id: string;
  callback_id: string;
  event_id: string;
  attempt_count: number;
  schedule_index: number;
  conversation_id: string | null;
  batch_id: string | null;
  due_at: number;
}

const COLUMNS = 'd.id, d.organization_id, d.callback_id, d.event_id, d.attempt_count, d.schedule_index, d.conversation_id, d.batch_id, d.due_at';

const OF_CONVERSATION = 'SELECT 1 FROM callback_deliveries p WHERE p.callback_id = d.callback_id AND p.conversation_id = d.conversation_id';
/** Outstanding events of the same conversation that come before `d`. */
const PREDECESSOR = `${OF_CONVERSATION} AND p.event_number < d.event_number AND p.due_at IS NOT NULL`;
/** What is sent again has its place before those that were sent meanwhile. */
const SUCCESSOR = `${OF_CONVERSATION} AND p.event_number > d.event_number`;
/** The sign keeps SQLite from going through all that is due later, as a comparison with the number does where it has no other. */
const underWay = (row: 'd' | 'p'): string => `(${row}.status = 'delivering' AND +${row}.due_at > ?)`;
const IS_HEAD = `(d.conversation_id IS NULL OR (NOT EXISTS (${PREDECESSOR}) AND NOT EXISTS (${SUCCESSOR} AND ${underWay('p')})))`;
/** In a batch those that are ready too may go before it. It waits for a later batch that is due: one claim would take both. */
const MAY_FOLLOW = `(d.conversation_id IS NULL OR (NOT EXISTS (${PREDECESSOR} AND (p.batch_id IS NOT NULL OR p.due_at > ?))
  AND NOT EXISTS (${SUCCESSOR} AND (${underWay('p')} OR (p.batch_id IS NOT NULL AND p.due_at <= ?)))))`;
/** None of the batch of `d` waits for another of its conversation. */
const BATCH_MAY_GO = `NOT EXISTS (SELECT 1 FROM callback_deliveries m
  JOIN callback_deliveries p ON p.callback_id = m.callback_id AND p.conversation_id = m.conversation_id AND p.event_number > 0 AND ${underWay('p')}
  WHERE m.callback_id = d.callback_id AND m.due_at = d.due_at AND m.batch_id = d.batch_id)`;

/** What of an endpoint may be sent, and when there will be something. */
@Injectable()
export class DueDeliveries {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** For each endpoint the longest due first, passing over those that others are taking. */
  async takeOfEach(wanted: readonly { callbackId: string; limit: number }[]): Promise<DeliveryRow[][]> {
    const now = this.clock.now();
    const sql = selectRows('d.due_at <= ? ORDER BY d.due_at LIMIT ?', this.unitOfWork.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : '');
    const found = await this.unitOfWork.queryEach<DeliveryRow>(sql, wanted.map(({ callbackId, limit }) => [callbackId, now, limit]));
    return found.map(readRows);
  }

  async take(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    const [rows] = await this.takeOfEach([{ callbackId, limit }]);
    return rows!;
  }

  /** As `take`; of each conversation only its first. */
  async takeHeads(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    const now = this.clock.now();
    const heads = await this.rows(`d.due_at <= ? AND ${IS_HEAD} ORDER BY d.due_at LIMIT ?`, callbackId, [now, now, limit]);
    return this.lock(callbackId, heads);
  }

  /** What can go into new batches: by due time, or in the order of events where that matters. */
  async takeUnbatched(callbackId: string, ordered: boolean, limit: number): Promise<DeliveryRow[]> {
    const now = this.clock.now();
    const found = ordered
      ? await this.rows(`d.due_at <= ? AND d.batch_id IS NULL AND ${MAY_FOLLOW} ORDER BY d.event_number, d.id LIMIT ?`, callbackId, [now, now, now, now, limit])
      : await this.rows('d.due_at <= ? AND d.batch_id IS NULL ORDER BY d.due_at LIMIT ?', callbackId, [now, limit]);
    return this.lock(callbackId, found);
  }

  /**
   * The batches that are due again, whole: their members fail together and so are due together. Of those that have a
   * conversation in common, which they get when events are sent again, the first.
   */
  async takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    const now = this.clock.now();
    const due = await this.unitOfWork.query<{ batch_id: string; due_at: number }>(
      `SELECT d.batch_id, MIN(d.due_at) AS due_at FROM callback_deliveries d
       WHERE d.callback_id = ? AND d.due_at <= ? AND d.batch_id IS NOT NULL GROUP BY d.batch_id
       HAVING MAX(CASE WHEN d.conversation_id IS NOT NULL AND EXISTS (${OF_CONVERSATION} AND p.event_number > 0 AND ${underWay('p')}) THEN 1 ELSE 0 END) = 0 ORDER BY 2 LIMIT ?`,
      [callbackId, now, now, limit],
    );
    if (due.length === 0) return [];
    const times = [...new Set(due.map(({ due_at }) => Number(due_at)))];
    const members = await this.rows(
      `d.due_at IN (${placeholders(times.length)}) AND d.batch_id IN (${placeholders(due.length)}) ORDER BY d.event_number, d.id`,
      callbackId, [...times, ...due.map(({ batch_id }) => batch_id)], this.unitOfWork.forUpdate,
    );
    return withoutSharedConversations([...groupBy(members, ({ batch_id }) => batch_id!).values()]);
  }

  async hasDue(callbackId: string): Promise<boolean> {
    const rows = await this.unitOfWork.query('SELECT 1 AS found FROM callback_deliveries WHERE callback_id = ? AND due_at <= ? LIMIT 1', [callbackId, this.clock.now()]);
    return rows.length > 0;
  }

  /** When there is next something to do for this endpoint as it is: an attempt, a batch, or the end of somebody's claim. */
  async nextReadyAt(endpoint: EndpointEntity): Promise<number | null> {
    const rules = rulesOf(endpoint);
    const dueAt = rules.batch === null ? await this.nextDueAt(endpoint.id, rules) : await this.nextBatchAt(endpoint.id, rules);
    if (dueAt === null) return null;
    const freeAt = rules.rateLimit === null ? 0 : grantable(rules.rateLimit, endpoint.rate_grants ?? [], this.clock.now()).freeAt;
    return Math.max(dueAt, freeAt, endpoint.suspended_until ?? 0);
  }

  /** Endpoints with something due that a pump should look at. One look for each: of EXISTS MariaDB makes a join that reads the whole index. */
  async endpoints(): Promise<string[]> {
    const now = this.clock.now();
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT e.id FROM callback_endpoints e WHERE e.enabled = 1 AND (e.suspended_until IS NULL OR e.suspended_until <= ?)
       AND 1 = (SELECT 1 FROM callback_deliveries d WHERE d.callback_id = e.id AND d.due_at <= ? ORDER BY d.due_at LIMIT 1)`,
      [now, now],
    );
    return rows.map((row) => row.id);
  }

  private async nextDueAt(callbackId: string, { ordered }: DispatchRules): Promise<number | null> {
    if (!ordered) return this.earliest('d.due_at > 0', callbackId);
    const now = this.clock.now();
    return this.earliest(`d.due_at > 0 AND (${underWay('d')} OR ${IS_HEAD})`, callbackId, [now, now]);
  }

  private async nextBatchAt(callbackId: string, { ordered, batch }: DispatchRules): Promise<number | null> {
    const now = this.clock.now();
    const again = await this.earliest(`d.due_at > 0 AND d.batch_id IS NOT NULL AND (${underWay('d')} OR ${BATCH_MAY_GO})`, callbackId, [now, now]);
    const condition = ordered ? `AND ${MAY_FOLLOW}` : '';
    const times = await this.unitOfWork.query<{ due_at: number }>(
      `SELECT d.due_at FROM callback_deliveries d WHERE d.callback_id = ? AND d.due_at > 0 AND d.batch_id IS NULL ${condition} ORDER BY d.due_at LIMIT ?`,
      [callbackId, ...(ordered ? [now, now, now] : []), batch!.max_items],
    );
    const candidates = again === null ? [] : [again];
    if (times.length > 0) candidates.push(Number(times[0]!.due_at) + batch!.max_wait_ms);
    if (times.length === batch!.max_items) candidates.push(Number(times.at(-1)!.due_at));
    return candidates.length === 0 ? null : Math.min(...candidates);
  }

  private async earliest(condition: string, callbackId: string, parameters: unknown[] = []): Promise<number | null> {
    const sql = `SELECT d.due_at FROM callback_deliveries d WHERE d.callback_id = ? AND ${condition} ORDER BY d.due_at LIMIT 1`;
    const [row] = await this.unitOfWork.query<{ due_at: number }>(sql, [callbackId, ...parameters]);
    return row === undefined ? null : Number(row.due_at);
  }

  /** Found without a lock, so that looking past many locks none of them; what has changed meanwhile is left out. */
  private async lock(callbackId: string, found: readonly DeliveryRow[]): Promise<DeliveryRow[]> {
    if (found.length === 0 || this.unitOfWork.dialect === 'sqlite') return [...found];
    const rows = await this.rows(`d.due_at <= ? AND d.id IN (${placeholders(found.length)})`, callbackId, [this.clock.now(), ...found.map(({ id }) => id)], this.unitOfWork.forUpdate);
    const locked = new Map(rows.map((row) => [row.id, row]));
    return found.flatMap(({ id }) => locked.get(id) ?? []);
  }

  private async rows(condition: string, callbackId: string, parameters: unknown[], ending = ''): Promise<DeliveryRow[]> {
    return readRows(await this.unitOfWork.query<DeliveryRow>(selectRows(condition, ending), [callbackId, ...parameters]));
  }
}

function selectRows(condition: string, ending: string): string {
  return `SELECT ${COLUMNS} FROM callback_deliveries d WHERE d.callback_id = ? AND ${condition}${ending}`;
}

function withoutSharedConversations(batches: readonly DeliveryRow[][]): DeliveryRow[][] {
  const taken = new Set<string>();
  return batches.filter((batch) => {
    const conversations = batch.flatMap(({ conversation_id }) => conversation_id ?? []);
    if (conversations.some((id) => taken.has(id))) return false;
    for (const id of conversations) taken.add(id);
    return true;
  });
}

function readRows(rows: readonly DeliveryRow[]): DeliveryRow[] {
  for (const row of rows) row.due_at = Number(row.due_at);
  return [...rows];
}
