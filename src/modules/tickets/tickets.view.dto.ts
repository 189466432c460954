/** Something that has to be done for a visitor or customer, here or in another system. */
export class TicketView {
  /** @example 'tkt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /**
   * Your own id of it; that of the ticket itself where none was given. Paths take either.
   * @example 'T-2041'
   */
  ticket_id: string;
  /** @example 'Parcel was not delivered' */
  title: string;
  /** @example 'The parcel was left with a neighbour who is not at home.' */
  content: string | null;
  /** @example 'high' */
  priority: 'low' | 'normal' | 'high' | 'urgent';
  /** @example 'parcel' */
  category: string | null;
  /** @example 'open' */
  status: 'open' | 'processing' | 'pending' | 'resolved' | 'closed';
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  handler: string | null;
  /**
   * The handler when it is an agent; null for anybody of another system.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  agent_id: string | null;
  /** @example 'support' */
  department: string | null;
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  conversation_id: string | null;
  /**
   * The visitor of that conversation.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  visitor_id: string | null;
  /** @example 'C-1001' */
  customer_id: string | null;
  /** @example '2026-03-03T17:00:00.000Z' */
  due_at: string | null;
  /**
   * Whether it is past its due date and neither resolved nor closed.
   * @example false
   */
  overdue: boolean;
  /** @example ['parcel'] */
  tags: string[];
  /**
   * When the status was written last, by the clock of who wrote it; null until it is written for the first time after the ticket was
   * made. Another system's older write changes nothing.
   * @example null
   */
  update_time: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class TicketPageView {
  data: TicketView[];
  /** @example null */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}

export const TICKET_WRITABLE = [
  'ticket_id', 'title', 'content', 'priority', 'category', 'status', 'handler', 'department', 'conversation_id', 'customer_id', 'due_at', 'tags',
] as const satisfies readonly (keyof TicketView)[];

/** The ticket as it is after the write of its status. */
export class TicketStatusView extends TicketView {
  /**
   * False when this write came too late: a newer one, or this very one, had been written before, and nothing was changed.
   * @example true
   */
  applied: boolean;
}
