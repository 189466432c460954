import type { Principal } from '../../../kernel/principal.js';

export type ReceiptKind = 'delivered' | 'read';

export interface Receipt {
  conversation_id: string;
  /** A visitor, or an agent on behalf of the desk; the id is null where an application told of an unnamed one. */
  reader: { type: 'agent' | 'visitor'; id: string | null };
  /** Everything up to this seq has been delivered, or read. */
  up_to_seq: number;
  /** Messages of the visitor that no agent has read. */
  unread_count: number;
}

/** What sockets and dialects tell of the messages that arrived on either side. */
export abstract class MessageReceipts {
  /**
   * Notes what a side has received. What is known already changes nothing. `body` is what a client sent,
   * `{conversation_id, up_to_seq?, reader?}`; throws `request.invalid` where it is not that.
   */
  abstract receive(principal: Principal, kind: ReceiptKind, body: unknown): Promise<Receipt>;
}
