import type { DomainEvent } from '../../kernel/domain-event.js';
import { addRows } from '../database/rows.js';
import type { UnitOfWork } from '../database/unit-of-work.js';

/** Turns events into further rows of the same transaction, so that what must follow an event cannot be lost. */
export interface DurableSubscriber {
  /** True when it tells somebody outside: it is not asked about what happens quietly. */
  readonly announces?: boolean;
  plan(events: readonly DomainEvent[]): Promise<void>;
}

/** Told of events after their commit, in this process only; lost when the process dies, and not of what happens quietly. */
export type CommittedListener = (events: readonly DomainEvent[]) => void;

const COLUMNS = [
  'id', 'organization_id', 'type', 'occurred_at', 'data', 'conversation_id', 'agent_id', 'department', 'channel', 'queued', 'shared', 'announced',
] as const;

/** Writes events in the transaction of the change that they tell of. */
export class Outbox {
  private readonly subscribers: DurableSubscriber[] = [];
  private readonly listeners: CommittedListener[] = [];

  constructor(private readonly unitOfWork: UnitOfWork) {}

  subscribe(subscriber: DurableSubscriber): void {
    this.subscribers.push(subscriber);
  }

  onCommitted(listener: CommittedListener): void {
    this.listeners.push(listener);
  }

  /** Needs an open unit of work; the event exists when the unit commits. */
  append(...events: DomainEvent[]): void {
    const pending = this.pending();
    // Also where the events of this unit have been written already, by a step that ran before this one.
    if (pending.length === 0) this.unitOfWork.beforeCommit('outbox', () => this.write());
    pending.push(...events);
  }

  /**
   * For history that is brought in later: the events of the open unit are in the log, and projections count them, but
   * nobody is told of them, neither by callbacks nor live.
   */
  quietly(): void {
    this.announcement().wanted = false;
  }

  private announcement(): { wanted: boolean } {
    return this.unitOfWork.scoped('outbox-announcement', () => ({ wanted: true }));
  }

  private pending(): DomainEvent[] {
    return this.unitOfWork.scoped<DomainEvent[]>('outbox', () => []);
  }

  /** Planning may append events of its own, so it goes on until none is left. */
  private async write(): Promise<void> {
    const pending = this.pending();
    const { wanted } = this.announcement();
    while (pending.length > 0) {
      const events = pending.splice(0);
      await addRows(this.unitOfWork, 'events', COLUMNS, events.map((event) => toRow(event, wanted)));
      for (const subscriber of this.subscribers) {
        if (wanted || subscriber.announces !== true) await subscriber.plan(events);
      }
      if (!wanted) continue;
      for (const listener of this.listeners) this.unitOfWork.afterCommit(() => listener(events));
    }
  }
}

function toRow({ id, organizationId, type, occurredAt, data, subject }: DomainEvent, announced: boolean): unknown[] {
  return [
    id, organizationId, type, occurredAt, JSON.stringify(data), subject.conversationId, subject.agentId,
    subject.department, subject.channel, Number(subject.queued), Number(subject.shared), Number(announced),
  ];
}
