import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { IsEventFilter, IsInstantFilter } from '../../platform/http/validation/rules.js';

export class ListEventsDto extends PageQueryDto {
  /**
   * Only events of this name, or of all names of one kind: `message.*`.
   * @example 'message.received'
   */
  @IsEventFilter()
  event?: string;

  /**
   * Only events that happened at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  since?: number;
}

/** An event, as callbacks and sockets carry it, with its place in the log. */
export class EventView {
  /** @example 'evt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'message.received' */
  event: string;
  /**
   * Unix seconds.
   * @example 1772357400
   */
  timestamp: number;
  /** @example { "message_id": "msg_01k5x6j3q8v4m2n7p9r1s5t6w0", "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t6w0", "content": "Where is my parcel?" } */
  data: Record<string, unknown>;
  /**
   * 1, 2, 3 … within the organization, given after commit.
   * @example 1042
   */
  position: number;
}

export class EventPageView {
  data: EventView[];
  /**
   * In ascending order there always is one, also at the end: come back with it for what happens next.
   * @example 'WyJwb3NpdGlvbiIsMTA0MiwxMDQyXQ'
   */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}

export class EventTypesView {
  /** @example ['message.received'] */
  data: string[];
}
