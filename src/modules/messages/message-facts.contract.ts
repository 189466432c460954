import type { MessageType, SenderType } from './messages.contract.js';

/** Messages of one conversation that were sent in the same quarter of an hour, by the same sender, and are of the same type. */
export interface MessageTally {
  conversationId: string;
  senderType: SenderType;
  senderId: string | null;
  type: MessageType;
  /** Unix milliseconds: when the quarter of an hour began. */
  quarterAt: number;
  count: number;
}

/** What can be counted of messages; recalled ones count. */
export abstract class MessageFacts {
  /** Counts what each conversation holds behind a seq. */
  abstract countAfter(places: readonly { conversationId: string; seq: number }[]): Promise<MessageTally[]>;
}
