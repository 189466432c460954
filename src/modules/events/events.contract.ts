import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';

export interface LoggedEvent {
  id: string;
  event: string;
  /** Unix seconds. */
  timestamp: number;
  data: Record<string, unknown>;
  position: number;
}

export interface ErasedEvent {
  id: string;
  /** Unix milliseconds. */
  occurredAt: number;
}

/** Part of the unit in which the events are erased. */
export type ErasedEventsListener = (organizationId: string, events: readonly ErasedEvent[]) => Promise<void>;

/** Tells, for whoever keeps what was made of events, which of them have lost their personal data. */
export abstract class ErasedEvents {
  /** To be called before the application has started, from a constructor. */
  abstract onErase(listener: ErasedEventsListener): void;
}

/** The event log, read by position. */
export abstract class EventLog {
  /** What the caller may see after a position, in order; it includes everything that was committed before the call. */
  abstract listAfter(principal: Principal, afterPosition: number, limit: number): Promise<Page<LoggedEvent>>;
  /** The position of the newest committed event. */
  abstract position(principal: Principal): Promise<number>;
}
