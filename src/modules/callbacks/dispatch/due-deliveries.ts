import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { rulesOf } from './dispatch-rules.js';
import type { DispatchRules } from './dispatch-rules.js';
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

/** Outstanding events of the same conversation that come before `d`. */
const PREDECESSOR = `SELECT 1 FROM callback_deliveries p WHERE p.callback_id = d.callback_id AND p.conversation_id = d.conversation_id
  AND p.event_number < d.event_number AND p.due_at IS NOT NULL`;
const IS_HEAD = `AND (d.conversation_id IS NULL OR NOT EXISTS (${PREDECESSOR}))`;
/** In a batch those that are ready too may go before it. */
const MAY_FOLLOW = `AND (d.conversation_id IS NULL OR NOT EXISTS (${PREDECESSOR} AND (p.batch_id IS NOT NULL OR p.due_at > ?)))`;

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
    const heads = await this.rows(`d.due_at <= ? ${IS_HEAD} ORDER BY d.due_at LIMIT ?`, callbackId, [this.clock.now(), limit]);
    return this.lock(callbackId, heads);
  }

  /** What can go into new batches: by due time, or in the order of events where that matters. */
  async takeUnbatched(callbackId: string, ordered: boolean, limit: number): Promise<DeliveryRow[]> {
    const now = this.clock.now();
    const found = ordered
      ? await this.rows(`d.due_at <= ? AND d.batch_id IS NULL ${MAY_FOLLOW} ORDER BY d.event_number, d.id LIMIT ?`, callbackId, [now, now, limit])
      : await this.rows('d.due_at <= ? AND d.batch_id IS NULL ORDER BY d.due_at LIMIT ?', callbackId, [now, limit]);
    return this.lock(callbackId, found);
  }

  /** The batches that are due again, whole: their members fail together and so are due together. */
  async takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    const due = await this.unitOfWork.query<{ batch_id: string; due_at: number }>(
      `SELECT batch_id, MIN(due_at) AS due_at FROM callback_deliveries
       WHERE callback_id = ? AND due_at <= ? AND batch_id IS NOT NULL GROUP BY batch_id ORDER BY 2 LIMIT ?`,
      [callbackId, this.clock.now(), limit],
    );
    if (due.length === 0) return [];
    const times = [...new Set(due.map(({ due_at }) => Number(due_at)))];
    const members = await this.rows(
      `d.due_at IN (${placeholders(times.length)}) AND d.batch_id IN (${placeholders(due.length)}) ORDER BY d.event_number, d.id`,
      callbackId, [...times, ...due.map(({ batch_id }) => batch_id)], this.unitOfWork.forUpdate,
    );
    return due.map(({ batch_id }) => members.filter((row) => row.batch_id === batch_id)).filter(({ length }) => length > 0);
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
    return this.earliest(`d.due_at > 0 ${ordered ? IS_HEAD : ''} ORDER BY d.due_at LIMIT 1`, callbackId);
  }

  private async nextBatchAt(callbackId: string, { ordered, batch }: DispatchRules): Promise<number | null> {
    const again = await this.earliest('d.due_at > 0 AND d.batch_id IS NOT NULL ORDER BY d.due_at LIMIT 1', callbackId);
    const condition = ordered ? MAY_FOLLOW : '';
    const times = await this.unitOfWork.query<{ due_at: number }>(
      `SELECT d.due_at FROM callback_deliveries d WHERE d.callback_id = ? AND d.due_at > 0 AND d.batch_id IS NULL ${condition} ORDER BY d.due_at LIMIT ?`,
      [callbackId, ...(ordered ? [this.clock.now()] : []), batch!.max_items],
    );
    const candidates = again === null ? [] : [again];
    if (times.length > 0) candidates.push(Number(times[0]!.due_at) + batch!.max_wait_ms);
    if (times.length === batch!.max_items) candidates.push(Number(times.at(-1)!.due_at));
    return candidates.length === 0 ? null : Math.min(...candidates);
  }

  private async earliest(condition: string, callbackId: string): Promise<number | null> {
    const [row] = await this.unitOfWork.query<{ due_at: number }>(`SELECT d.due_at FROM callback_deliveries d WHERE d.callback_id = ? AND ${condition}`, [callbackId]);
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

function readRows(rows: readonly DeliveryRow[]): DeliveryRow[] {
  for (const row of rows) row.due_at = Number(row.due_at);
  return [...rows];
}
