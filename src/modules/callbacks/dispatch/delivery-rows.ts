import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { indexHint } from '../../../platform/database/index-hint.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
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

const COLUMNS = [
  'id', 'organization_id', 'callback_id', 'event_id', 'event_number', 'attempt_count', 'schedule_index', 'conversation_id', 'batch_id', 'due_at',
].map((column) => `d.${column}`).join(', ');

/** The outstanding deliveries of an endpoint, `d` in conditions, as what takes them needs them. */
@Injectable()
export class DeliveryRows {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** By the index whose columns the condition and its order begin with. */
  async find(callbackId: string, by: 'due' | 'conversation', condition: string, parameters: readonly unknown[]): Promise<DeliveryRow[]> {
    return readRows(await this.unitOfWork.query<DeliveryRow>(`SELECT ${COLUMNS} ${this.from(by)} AND ${condition}`, [callbackId, ...parameters]));
  }

  /** For each endpoint the longest due first, locked, passing over those that others are taking. */
  async takeOfEach(wanted: readonly { callbackId: string; limit: number }[]): Promise<DeliveryRow[][]> {
    const now = this.clock.now();
    const sql = `SELECT ${COLUMNS} ${this.from('due')} AND d.due_at <= ? ORDER BY d.due_at LIMIT ?${this.unitOfWork.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : ''}`;
    const found = await this.unitOfWork.queryEach<DeliveryRow>(sql, wanted.map(({ callbackId, limit }) => [callbackId, now, limit]));
    return found.map(readRows);
  }

  /** What was found without a lock, so that looking past many locks none of them; what has changed meanwhile is left out. */
  async lock(found: readonly DeliveryRow[]): Promise<DeliveryRow[]> {
    if (found.length === 0 || this.unitOfWork.dialect === 'sqlite') return [...found];
    const rows = await this.unitOfWork.query<DeliveryRow>(
      `SELECT ${COLUMNS} FROM callback_deliveries d WHERE d.due_at <= ? AND d.id IN (${placeholders(found.length)})${this.unitOfWork.forUpdate}`,
      [this.clock.now(), ...found.map(({ id }) => id)],
    );
    const locked = new Map(readRows(rows).map((row) => [row.id, row]));
    return found.flatMap(({ id }) => locked.get(id) ?? []);
  }

  async lockBatches(batches: readonly DeliveryRow[][]): Promise<DeliveryRow[][]> {
    return [...groupBy(await this.lock(batches.flat()), ({ batch_id }) => batch_id!).values()];
  }

  /** The batches that are due again, whole: their members fail together and so are due together. */
  async dueBatches(callbackId: string, limit: number, passedOver: readonly string[] = []): Promise<DeliveryRow[][]> {
    const others = passedOver.length === 0 ? '' : `AND d.batch_id NOT IN (${placeholders(passedOver.length)})`;
    const due = await this.unitOfWork.query<{ batch_id: string; due_at: number }>(
      `SELECT d.batch_id, MIN(d.due_at) AS due_at ${this.from('due')} AND d.due_at <= ? AND d.batch_id IS NOT NULL ${others} GROUP BY d.batch_id ORDER BY 2 LIMIT ?`,
      [callbackId, this.clock.now(), ...passedOver, limit],
    );
    if (due.length === 0) return [];
    const times = [...new Set(due.map(({ due_at }) => Number(due_at)))];
    const members = await this.find(
      callbackId, 'due', `d.due_at IN (${placeholders(times.length)}) AND d.batch_id IN (${placeholders(due.length)}) ORDER BY d.event_number, d.id`,
      [...times, ...due.map(({ batch_id }) => batch_id)],
    );
    const batches = groupBy(members, ({ batch_id }) => batch_id!);
    return due.map(({ batch_id }) => batches.get(batch_id) ?? []).filter(({ length }) => length > 0);
  }

  /** When the first of them are due. */
  async times(callbackId: string, condition: string, parameters: readonly unknown[], limit: number): Promise<number[]> {
    const rows = await this.unitOfWork.query<{ due_at: number }>(`SELECT d.due_at ${this.from('due')} AND ${condition} ORDER BY d.due_at LIMIT ?`, [callbackId, ...parameters, limit]);
    return rows.map((row) => Number(row.due_at));
  }

  private from(by: 'due' | 'conversation'): string {
    return `FROM callback_deliveries d ${indexHint(this.unitOfWork.dialect, `callback_deliveries_${by}`)} WHERE d.callback_id = ?`;
  }
}

/** The order of a batch, first sent and sent again. */
export function byEvent(one: DeliveryRow, other: DeliveryRow): number {
  return (one.event_number ?? 0) - (other.event_number ?? 0) || (one.id < other.id ? -1 : 1);
}

function readRows(rows: readonly DeliveryRow[]): DeliveryRow[] {
  for (const row of rows) row.due_at = Number(row.due_at);
  return [...rows];
}
