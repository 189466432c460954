import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { indexHint } from '../../../platform/database/index-hint.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { BatchOptions } from '../endpoints/endpoint.entity.js';
import { DeliveryRows, byEvent } from './delivery-rows.js';
import type { DeliveryRow } from './delivery-rows.js';
import { earliest } from './due.js';
import type { Due } from './due.js';
import { groupBy } from './group-by.js';

/** Conversations that one statement asks for. */
const CONVERSATIONS = 256;

/** One look at an endpoint, all of it at one time. */
interface Look {
  callbackId: string;
  now: number;
  /** Conversations of which something is under way. */
  busy: ReadonlySet<string>;
}

/**
 * The events of a conversation in their order, one request at a time. An event that is sent again has its place before
 * those that were sent meanwhile: so each waits for what is under way, whichever numbers that has.
 */
@Injectable()
export class DueInOrder implements Due {
  private readonly isHeadSql: string;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: DeliveryRows,
    private readonly clock: Clock,
  ) {
    // Nothing outstanding of the same conversation comes before `d`.
    this.isHeadSql = `(d.conversation_id IS NULL OR NOT EXISTS (SELECT 1 FROM callback_deliveries p ${indexHint(unitOfWork.dialect, 'callback_deliveries_conversation')}
      WHERE p.callback_id = d.callback_id AND p.conversation_id = d.conversation_id AND p.event_number < d.event_number AND p.due_at IS NOT NULL))`;
  }

  /** Of each conversation its first. */
  async take(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    return this.rows.lock(await this.heads(await this.look(callbackId), limit));
  }

  async takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    return this.rows.lockBatches(await this.batches(await this.look(callbackId), limit));
  }

  /** Of each conversation its first and those that follow it and are ready too. */
  async takeUnbatched(callbackId: string, limit: number, beside: readonly DeliveryRow[][]): Promise<DeliveryRow[]> {
    const look = await this.look(callbackId);
    return this.rows.lock(await this.unbatched({ ...look, busy: new Set([...look.busy, ...conversationsOf(beside.flat())]) }, limit));
  }

  async nextDueAt(callbackId: string): Promise<number | null> {
    const look = await this.look(callbackId);
    const [head] = await this.heads(look, 1);
    if (head !== undefined) return head.due_at;
    return this.nextLater(look, `d.status = 'delivering' OR ${this.isHeadSql}`);
  }

  async nextBatchAt(callbackId: string, { max_items, max_wait_ms }: BatchOptions): Promise<number | null> {
    const look = await this.look(callbackId);
    const [again] = await this.batches(look, 1);
    if (again !== undefined) return look.now;
    const ready = await this.unbatched(look, max_items);
    if (ready.length === max_items) return look.now;
    // At a head's own time: what stands behind it may have waited for long enough, or make a batch full.
    const later = await this.nextLater(look, `d.status = 'delivering' OR d.batch_id IS NOT NULL OR ${this.isHeadSql}`);
    return earliest(...ready.map(({ due_at }) => due_at + max_wait_ms), later ?? undefined);
  }

  private async look(callbackId: string): Promise<Look> {
    const now = this.clock.now();
    const rows = await this.unitOfWork.query<{ conversation_id: string }>(
      `SELECT DISTINCT d.conversation_id FROM callback_deliveries d ${indexHint(this.unitOfWork.dialect, 'callback_deliveries_status')}
       WHERE d.callback_id = ? AND d.status = 'delivering' AND d.due_at > ? AND d.conversation_id IS NOT NULL`,
      [callbackId, now],
    );
    return { callbackId, now, busy: new Set(rows.map(({ conversation_id }) => conversation_id)) };
  }

  private async nextLater({ callbackId, now }: Look, condition: string): Promise<number | null> {
    const [time] = await this.rows.times(callbackId, `d.due_at > ? AND (${condition})`, [now], 1);
    return time ?? null;
  }

  /** The longest due first. A conversation that is busy has one head at most, so that as many more are enough. */
  private async heads({ callbackId, now, busy }: Look, limit: number, condition = ''): Promise<DeliveryRow[]> {
    const found = await this.rows.find(callbackId, 'due', `d.due_at <= ? ${condition} AND ${this.isHeadSql} ORDER BY d.due_at LIMIT ?`, [now, limit + busy.size]);
    return found.filter(({ conversation_id }) => conversation_id === null || !busy.has(conversation_id)).slice(0, limit);
  }

  /** The events of a conversation one behind the other, so that a batch holds many of few: no other may have them meanwhile. */
  private async unbatched(look: Look, limit: number): Promise<DeliveryRow[]> {
    const found = new Map((await this.heads(look, limit, 'AND d.batch_id IS NULL')).map((row) => [row.id, row]));
    const conversations = [...conversationsOf([...found.values()])];
    for (let start = 0; start < conversations.length && found.size < limit; start += CONVERSATIONS) {
      for (const row of await this.ready(look, conversations.slice(start, start + CONVERSATIONS), limit - found.size)) found.set(row.id, row);
    }
    const inOrder = [...found.values()].sort(byEvent);
    return [...groupBy(inOrder, ({ conversation_id, id }) => conversation_id ?? id).values()].flat().slice(0, limit);
  }

  /** The heads of these conversations and what is ready behind them, `more` of that if there are. */
  private async ready({ callbackId, now }: Look, conversations: readonly string[], more: number): Promise<DeliveryRow[]> {
    const ready: DeliveryRow[] = [];
    const rest = new Set(conversations);
    const enough = conversations.length + more;
    while (rest.size > 0 && ready.length < enough) {
      const page = await this.rows.find(
        callbackId, 'conversation', `d.conversation_id IN (${placeholders(rest.size)}) AND d.due_at IS NOT NULL ORDER BY d.conversation_id, d.event_number LIMIT ?`,
        [...rest, enough],
      );
      for (const [conversation, rows] of groupBy(page, ({ conversation_id }) => conversation_id!)) {
        const end = rows.findIndex(({ batch_id, due_at }) => batch_id !== null || due_at > now);
        ready.push(...rows.slice(0, end === -1 ? rows.length : end));
        // Of the last one the page may hold only a part: as much as can be taken, or more than stands in the way.
        rest.delete(conversation);
      }
      if (page.length < enough) break;
    }
    return ready;
  }

  /** Without those that have a conversation in common with what is under way, or with one before them. */
  private async batches(look: Look, limit: number): Promise<DeliveryRow[][]> {
    const { callbackId, now } = look;
    let due = await this.rows.dueBatches(callbackId, now, limit);
    if (due.length === 0) return [];
    const waiting = await this.waitingBatches(look);
    if (waiting.size > 0) due = (await this.rows.dueBatches(callbackId, now, limit + waiting.size)).filter(({ id }) => !waiting.has(id)).slice(0, limit);
    const taken = new Set<string>();
    const batches = await this.rows.membersOf(callbackId, due);
    return batches.sort(([one], [other]) => byEvent(one!, other!)).filter((batch) => {
      const conversations = [...conversationsOf(batch)];
      if (conversations.some((id) => taken.has(id))) return false;
      for (const id of conversations) taken.add(id);
      return true;
    });
  }

  /** Those that are due and have a conversation that is busy. */
  private async waitingBatches({ callbackId, now, busy }: Look): Promise<Set<string>> {
    const waiting = new Set<string>();
    const conversations = [...busy];
    for (let start = 0; start < conversations.length; start += CONVERSATIONS) {
      const some = conversations.slice(start, start + CONVERSATIONS);
      const rows = await this.unitOfWork.query<{ batch_id: string }>(
        `SELECT DISTINCT d.batch_id FROM callback_deliveries d ${indexHint(this.unitOfWork.dialect, 'callback_deliveries_conversation')}
         WHERE d.callback_id = ? AND d.conversation_id IN (${placeholders(some.length)}) AND d.batch_id IS NOT NULL AND d.due_at <= ?`,
        [callbackId, ...some, now],
      );
      for (const { batch_id } of rows) waiting.add(batch_id);
    }
    return waiting;
  }
}

function conversationsOf(rows: readonly DeliveryRow[]): Set<string> {
  return new Set(rows.flatMap(({ conversation_id }) => conversation_id ?? []));
}
