import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { indexHint } from '../../../platform/database/index-hint.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { BatchOptions } from '../endpoints/endpoint.entity.js';
import { DeliveryRows, byBatch, byEvent } from './delivery-rows.js';
import type { DeliveryRow } from './delivery-rows.js';
import { earliest } from './due.js';
import type { Due } from './due.js';
import { groupBy } from './group-by.js';

/** Conversations that one statement asks for. */
const CONVERSATIONS = 256;
/** Those whose first events one statement reads, and how many events that may be. */
const READ_CONVERSATIONS = { least: 8, most: 128 };
const MAX_READ = 8192;

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
  /** Nothing outstanding of the same conversation comes before `d`. */
  private readonly isHead: string;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: DeliveryRows,
    private readonly clock: Clock,
  ) {
    this.isHead = `(d.conversation_id IS NULL OR NOT EXISTS (SELECT 1 FROM callback_deliveries p ${indexHint(unitOfWork.dialect, 'callback_deliveries_conversation')}
      WHERE p.callback_id = d.callback_id AND p.conversation_id = d.conversation_id AND p.event_number < d.event_number AND p.due_at IS NOT NULL))`;
  }

  /** Of each conversation its first. */
  async take(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    return this.rows.lock(await this.heads(await this.look(callbackId), limit));
  }

  async takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    const look = await this.look(callbackId);
    const members = (await this.rows.membersOf(callbackId, look.now, await this.batches(look, limit))).flat();
    const front = await this.front(callbackId, members);
    await this.rows.leaveBatches(members.filter(({ id }) => !front.has(id)));
    const found = members.filter(({ id }) => front.has(id));
    return byBatch(withoutGaps(found, await this.rows.lock(found)).sort(byEvent));
  }

  /** Of each conversation its first and those that follow it and are ready too. */
  async takeUnbatched(callbackId: string, limit: number, batch: BatchOptions, beside: readonly DeliveryRow[][]): Promise<DeliveryRow[]> {
    const look = await this.look(callbackId);
    const busy = new Set([...look.busy, ...conversationsOf(beside.flat())]);
    const { rows: found } = await this.unbatched({ ...look, busy }, batch, limit);
    return withoutGaps(found, await this.rows.lock(found));
  }

  async nextDueAt(callbackId: string): Promise<number | null> {
    const look = await this.look(callbackId);
    const [head] = await this.heads(look, 1);
    if (head !== undefined) return head.due_at;
    return this.nextLater(look, `d.status = 'delivering' OR ${this.isHead}`);
  }

  async nextBatchAt(callbackId: string, batch: BatchOptions): Promise<number | null> {
    const look = await this.look(callbackId);
    const [again] = await this.batches(look, 1);
    if (again !== undefined) return look.now;
    const { rows: ready, followerAt } = await this.unbatched(look, batch, batch.max_items);
    if (ready.length === batch.max_items) return look.now;
    // At a head's own time: what stands behind it may have waited for long enough, or make a batch full.
    const later = await this.nextLater(look, `d.status = 'delivering' OR d.batch_id IS NOT NULL OR ${this.isHead}`);
    return earliest(later, followerAt, ...ready.map(({ due_at }) => due_at + batch.max_wait_ms));
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
  private async heads({ callbackId, now, busy }: Look, limit: number, which = 'd.due_at <= ?'): Promise<DeliveryRow[]> {
    const found = await this.rows.find(callbackId, 'due', `${which} AND ${this.isHead} ORDER BY d.due_at LIMIT ?`, [now, limit + busy.size]);
    return found.filter(({ conversation_id }) => conversation_id === null || !busy.has(conversation_id)).slice(0, limit);
  }

  /**
   * The events of a conversation one behind the other, so that a batch holds many of few, and no more than one batch takes:
   * no other may have them meanwhile. `followerAt` is when there is more of them behind what is ready.
   */
  private async unbatched(look: Look, { max_items }: BatchOptions, limit: number): Promise<{ rows: DeliveryRow[]; followerAt: number | null }> {
    const found = new Map((await this.heads(look, limit, 'd.due_at <= ? AND d.batch_id IS NULL')).map((row) => [row.id, row]));
    const conversations = [...conversationsOf([...found.values()])];
    const step = Math.max(READ_CONVERSATIONS.least, Math.min(READ_CONVERSATIONS.most, Math.floor(MAX_READ / max_items)));
    let followerAt: number | null = null;
    for (let start = 0; start < conversations.length && found.size < limit; start += step) {
      for (const first of await this.rows.firstOf(look.callbackId, conversations.slice(start, start + step).map((id) => [id, max_items] as const))) {
        const follower = first.find(({ batch_id, due_at }) => batch_id !== null || due_at > look.now);
        for (const row of follower === undefined ? first : first.slice(0, first.indexOf(follower))) found.set(row.id, row);
        if (follower?.batch_id === null) followerAt = earliest(followerAt, follower.due_at);
      }
    }
    const inOrder = [...found.values()].sort(byEvent);
    return { rows: [...groupBy(inOrder, ({ conversation_id, id }) => conversation_id ?? id).values()].flat().slice(0, limit), followerAt };
  }

  /**
   * Of the members of batches those before which nothing of their conversation is outstanding but what goes with them. An
   * event that was sent again may stand before or between the others.
   */
  private async front(callbackId: string, members: readonly DeliveryRow[]): Promise<Set<string>> {
    const known = new Set(members.map(({ id }) => id));
    const front = new Set(members.filter(({ conversation_id }) => conversation_id === null).map(({ id }) => id));
    const wanted = [...groupBy(members.filter(({ conversation_id }) => conversation_id !== null), ({ conversation_id }) => conversation_id!)]
      .map(([conversation, rows]) => [conversation, rows.length] as const);
    for (let start = 0; start < wanted.length; start += READ_CONVERSATIONS.most) {
      for (const first of await this.rows.firstOf(callbackId, wanted.slice(start, start + READ_CONVERSATIONS.most))) {
        const end = first.findIndex(({ id, batch_id }) => !known.has(id) || batch_id !== first[0]!.batch_id);
        for (const { id } of first.slice(0, end === -1 ? first.length : end)) front.add(id);
      }
    }
    return front;
  }

  /** The longest due first: those that hold the first of a conversation, if they hold any, and of which nothing is under way. */
  private async batches(look: Look, limit: number): Promise<string[]> {
    const { callbackId, now } = look;
    const having = `HAVING SUM(CASE WHEN ${this.isHead} THEN 1 ELSE 0 END) > 0`;
    const due = await this.rows.dueBatches(callbackId, now, limit, having);
    if (due.length === 0) return [];
    const waiting = await this.waitingBatches(look);
    if (waiting.size === 0) return due;
    return (await this.rows.dueBatches(callbackId, now, limit + waiting.size, having)).filter((id) => !waiting.has(id)).slice(0, limit);
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

/** What could not be locked has changed meanwhile: nothing of its conversation goes before it. */
function withoutGaps(found: readonly DeliveryRow[], locked: DeliveryRow[]): DeliveryRow[] {
  if (locked.length === found.length) return locked;
  const rows = new Map(locked.map((row) => [row.id, row]));
  return [...groupBy(found, ({ conversation_id, id }) => conversation_id ?? id).values()].flatMap((all) => {
    const end = all.findIndex(({ id }) => !rows.has(id));
    return all.slice(0, end === -1 ? all.length : end).map(({ id }) => rows.get(id)!);
  });
}
