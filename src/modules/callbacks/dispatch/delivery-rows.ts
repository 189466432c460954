import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { indexHint } from '../../../platform/database/index-hint.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { BatchAnswers } from '../deliveries/batch-answers.js';
import { groupBy } from './group-by.js';

export interface DeliveryRow {
  id: string;
  organization_id: string;
  callback_id: string;
  event_id: string;
  event_number: number | null;
  attempt_count: number;
  schedule_index: number;
  conversation_id: string | null;
  batch_id: string | null;
  due_at: number;
}

type Index = 'due' | 'conversation' | 'batch';

const COLUMNS = [
  'id', 'organization_id', 'callback_id', 'event_id', 'event_number', 'attempt_count', 'schedule_index', 'conversation_id', 'batch_id', 'due_at',
].map((column) => `d.${column}`).join(', ');

/** The outstanding deliveries of an endpoint, `d` in conditions, as what takes them needs them. */
@Injectable()
export class DeliveryRows {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly answers: BatchAnswers,
    private readonly clock: Clock,
  ) {}

  /** By an index whose columns the condition and its order begin with. */
  async find(callbackId: string, by: Index, condition: string, parameters: readonly unknown[]): Promise<DeliveryRow[]> {
    return readRows(await this.unitOfWork.query<DeliveryRow>(`SELECT ${COLUMNS} ${this.from(by)} AND ${condition}`, [callbackId, ...parameters]));
  }

  /** Of each of these conversations so many of the first, whether they are due or not; conversation by conversation. */
  async firstOf(callbackId: string, conversations: readonly (readonly [id: string, count: number])[]): Promise<DeliveryRow[][]> {
    if (conversations.length === 0) return [];
    const one = `SELECT ${COLUMNS} ${this.from('conversation')} AND d.conversation_id = ? AND d.due_at IS NOT NULL ORDER BY d.event_number LIMIT ?`;
    const all = conversations.map((_, index) => `SELECT * FROM (${one}) of_${index}`).join(' UNION ALL ');
    const rows = readRows(await this.unitOfWork.query<DeliveryRow>(all, conversations.flatMap((wanted) => [callbackId, ...wanted])));
    return [...groupBy(rows.sort(byEvent), ({ conversation_id }) => conversation_id).values()];
  }

  /** These are no longer of their batches, and are sent again without the rest of them. */
  async leaveBatches(rows: readonly DeliveryRow[]): Promise<void> {
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    await this.answers.rememberBatches(ids, "status <> 'delivering'");
    await this.unitOfWork.write(`UPDATE callback_deliveries SET batch_id = NULL WHERE id IN (${placeholders(ids.length)}) AND status <> 'delivering'`, ids);
  }

  /** For each endpoint the longest due first, locked, passing over those that others are taking. */
  async takeOfEach(wanted: readonly { callbackId: string; limit: number }[]): Promise<DeliveryRow[][]> {
    const now = this.clock.now();
    const sql = `SELECT ${COLUMNS} ${this.from('due')} AND d.due_at <= ? ORDER BY d.due_at LIMIT ?${this.unitOfWork.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : ''}`;
    const found = await this.unitOfWork.queryEach<DeliveryRow>(sql, wanted.map(({ callbackId, limit }) => [callbackId, now, limit]));
    return found.map(readRows);
  }

  /**
   * What was found without a lock, so that looking past many locks none of them. What is no longer due, or in another batch
   * or none, is left out.
   */
  async lock(found: readonly DeliveryRow[]): Promise<DeliveryRow[]> {
    if (found.length === 0 || this.unitOfWork.dialect === 'sqlite') return [...found];
    const rows = await this.unitOfWork.query<DeliveryRow>(
      `SELECT ${COLUMNS} FROM callback_deliveries d ${indexHint('mysql', 'PRIMARY')} WHERE d.id IN (${placeholders(found.length)}) AND d.due_at <= ? ORDER BY d.id FOR UPDATE`,
      [...found.map(({ id }) => id), this.clock.now()],
    );
    const locked = new Map(readRows(rows).map((row) => [row.id, row]));
    return found.flatMap(({ id, batch_id }) => {
      const row = locked.get(id);
      return row?.batch_id === batch_id ? [row] : [];
    });
  }

  /** As `lock`, batch by batch. */
  async lockBatches(batches: readonly DeliveryRow[][]): Promise<DeliveryRow[][]> {
    return byBatch(await this.lock(batches.flat()));
  }

  /** The batches that are due again, the longest due first; `having` tells of each whether it may go. */
  async dueBatches(callbackId: string, now: number, limit: number, having = ''): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ batch_id: string }>(
      `SELECT d.batch_id, MIN(d.due_at) AS since ${this.from('due')} AND d.due_at <= ? AND d.batch_id IS NOT NULL GROUP BY d.batch_id ${having} ORDER BY since LIMIT ?`,
      [callbackId, now, limit],
    );
    return rows.map(({ batch_id }) => batch_id);
  }

  /** What is due of each, in the order in which it was sent. Members fail together and so are due together, unless one went alone when there were no batches. */
  async membersOf(callbackId: string, now: number, batches: readonly string[]): Promise<DeliveryRow[][]> {
    if (batches.length === 0) return [];
    const members = await this.find(callbackId, 'batch', `d.batch_id IN (${placeholders(batches.length)}) AND d.due_at <= ?`, [...batches, now]);
    return byBatch(members.sort(byEvent));
  }

  /** When the first of them are due. */
  async times(callbackId: string, condition: string, parameters: readonly unknown[], limit: number): Promise<number[]> {
    const rows = await this.unitOfWork.query<{ due_at: number }>(`SELECT d.due_at ${this.from('due')} AND ${condition} ORDER BY d.due_at LIMIT ?`, [callbackId, ...parameters, limit]);
    return rows.map((row) => Number(row.due_at));
  }

  private from(by: Index): string {
    return `FROM callback_deliveries d ${indexHint(this.unitOfWork.dialect, `callback_deliveries_${by}`)} WHERE d.callback_id = ?`;
  }
}

/** The order of a batch, first sent and sent again. */
export function byEvent(one: DeliveryRow, other: DeliveryRow): number {
  return (one.event_number ?? 0) - (other.event_number ?? 0) || (one.id < other.id ? -1 : 1);
}

export function byBatch(members: readonly DeliveryRow[]): DeliveryRow[][] {
  return [...groupBy(members, ({ batch_id }) => batch_id).values()];
}

function readRows(rows: DeliveryRow[]): DeliveryRow[] {
  for (const row of rows) row.due_at = Number(row.due_at);
  return rows;
}
