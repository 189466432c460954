import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { indexHint } from '../../../platform/database/index-hint.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { BatchOptions } from '../endpoints/endpoint.entity.js';
import { DeliveryRows, byEvent } from './delivery-rows.js';
import type { DeliveryRow } from './delivery-rows.js';
import { earliest, plus } from './due-freely.js';
import type { Due } from './due-freely.js';
import { groupBy } from './group-by.js';

/** Conversations that are read at a time. */
const CONVERSATIONS = 256;

/**
 * The events of a conversation in their order, one request at a time. An event that is sent again has its place before
 * those that were sent meanwhile: so it waits for those that are under way, whichever numbers they have.
 */
@Injectable()
export class DueInOrder implements Due {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: DeliveryRows,
    private readonly clock: Clock,
  ) {}

  /** Of each conversation its first. */
  async take(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    return this.rows.lock(await this.heads(callbackId, limit));
  }

  async takeBatches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    return this.rows.lockBatches(await this.batches(callbackId, limit));
  }

  /** Of each conversation its first and those that follow it and are ready too. */
  async takeUnbatched(callbackId: string, limit: number, beside: readonly DeliveryRow[][]): Promise<DeliveryRow[]> {
    const taken = conversationsOf(beside.flat());
    const found = await this.unbatched(callbackId, limit);
    return this.rows.lock(found.filter(({ conversation_id }) => conversation_id === null || !taken.has(conversation_id)));
  }

  async nextDueAt(callbackId: string): Promise<number | null> {
    const [head] = await this.heads(callbackId, 1);
    return head?.due_at ?? this.nextAfterNow(callbackId, `d.status = 'delivering' OR ${this.isHead}`);
  }

  async nextBatchAt(callbackId: string, { max_items, max_wait_ms }: BatchOptions): Promise<number | null> {
    const now = this.clock.now();
    const [again] = await this.batches(callbackId, 1);
    if (again !== undefined) return now;
    const later = await this.nextAfterNow(callbackId, 'd.batch_id IS NOT NULL');
    const ready = await this.unbatched(callbackId, max_items);
    if (ready.length === max_items) return now;
    const head = await this.nextAfterNow(callbackId, `d.batch_id IS NULL AND ${this.isHead}`);
    return earliest(later ?? undefined, plus(earliest(...ready.map(({ due_at }) => due_at)) ?? undefined, max_wait_ms), plus(head ?? undefined, max_wait_ms));
  }

  private async nextAfterNow(callbackId: string, condition: string): Promise<number | null> {
    const [time] = await this.rows.times(callbackId, `d.due_at > ? AND (${condition})`, [this.clock.now()], 1);
    return time ?? null;
  }

  /** The longest due first. A conversation that is busy has one head at most, so that as many more are enough. */
  private async heads(callbackId: string, limit: number, condition = '1 = 1'): Promise<DeliveryRow[]> {
    const busy = await this.busy(callbackId);
    const found = await this.rows.find(callbackId, 'due', `d.due_at <= ? AND ${condition} AND ${this.isHead} ORDER BY d.due_at LIMIT ?`, [this.clock.now(), limit + busy.size]);
    return found.filter(({ conversation_id }) => conversation_id === null || !busy.has(conversation_id)).slice(0, limit);
  }

  /** The events of a conversation one behind the other, so that a batch holds many of few: no other may have them meanwhile. */
  private async unbatched(callbackId: string, limit: number): Promise<DeliveryRow[]> {
    const found = await this.heads(callbackId, limit, 'd.batch_id IS NULL');
    const conversations = [...conversationsOf(found)];
    for (let start = 0; start < conversations.length && found.length < limit; start += CONVERSATIONS) {
      const known = new Set(found.map(({ id }) => id));
      const ready = await this.ready(callbackId, conversations.slice(start, start + CONVERSATIONS), limit - found.length);
      found.push(...ready.filter(({ id }) => !known.has(id)));
    }
    return [...groupBy(found.sort(byEvent), ({ conversation_id, id }) => conversation_id ?? id).values()].flat().slice(0, limit);
  }

  /** The heads of these conversations, and what is ready behind them. */
  private async ready(callbackId: string, conversations: readonly string[], limit: number): Promise<DeliveryRow[]> {
    const rows = await this.rows.find(
      callbackId, 'conversation', `d.conversation_id IN (${placeholders(conversations.length)}) AND d.due_at IS NOT NULL ORDER BY d.conversation_id, d.event_number LIMIT ?`,
      [...conversations, conversations.length + limit],
    );
    const now = this.clock.now();
    return [...groupBy(rows, ({ conversation_id }) => conversation_id).values()].flatMap((all) => {
      const end = all.findIndex(({ batch_id, due_at }) => batch_id !== null || due_at > now);
      return all.slice(0, end === -1 ? all.length : end);
    });
  }

  /** Without those that have a conversation in common with what is under way, or with one before them. */
  private async batches(callbackId: string, limit: number): Promise<DeliveryRow[][]> {
    const passedOver: string[] = [];
    for (;;) {
      const due = await this.rows.dueBatches(callbackId, limit, passedOver);
      if (due.length === 0) return [];
      const taken = await this.busy(callbackId);
      const free = due.sort(([one], [other]) => byEvent(one!, other!)).filter((batch) => {
        const conversations = [...conversationsOf(batch)];
        if (conversations.some((id) => taken.has(id))) return false;
        for (const id of conversations) taken.add(id);
        return true;
      });
      if (free.length > 0 || due.length < limit) return free;
      passedOver.push(...due.map(([first]) => first!.batch_id!));
    }
  }

  /** Conversations of which something is under way. */
  private async busy(callbackId: string): Promise<Set<string>> {
    const rows = await this.unitOfWork.query<{ conversation_id: string }>(
      `SELECT DISTINCT d.conversation_id FROM callback_deliveries d ${indexHint(this.unitOfWork.dialect, 'callback_deliveries_status')}
       WHERE d.callback_id = ? AND d.status = 'delivering' AND d.due_at > ? AND d.conversation_id IS NOT NULL`,
      [callbackId, this.clock.now()],
    );
    return new Set(rows.map(({ conversation_id }) => conversation_id));
  }

  /** Nothing outstanding of the same conversation comes before `d`. */
  private get isHead(): string {
    return `(d.conversation_id IS NULL OR NOT EXISTS (SELECT 1 FROM callback_deliveries p ${indexHint(this.unitOfWork.dialect, 'callback_deliveries_conversation')}
      WHERE p.callback_id = d.callback_id AND p.conversation_id = d.conversation_id AND p.event_number < d.event_number AND p.due_at IS NOT NULL))`;
  }
}

function conversationsOf(rows: readonly DeliveryRow[]): Set<string> {
  return new Set(rows.flatMap(({ conversation_id }) => conversation_id ?? []));
}
