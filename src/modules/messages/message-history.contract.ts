import type { DomainEvent } from '../../kernel/domain-event.js';
import type { LockedConversation } from '../conversations/conversations.contract.js';
import type { MessageContent, MessageType, SenderType } from './messages.contract.js';

/** A message as another system has kept it. */
export interface HistoricMessage {
  /** Of a visitor, who is the conversation's own, the id is not looked at. */
  sender: { type: SenderType; id: string | null };
  type: MessageType;
  content: MessageContent;
  metadata: Record<string, unknown>;
  clientMsgNo: string | null;
  /** Unix milliseconds. */
  createdAt: number;
}

/** Up to which seq each side has read what the other one wrote; 0 for nothing. */
export interface HistoricReading {
  desk: number;
  visitor: number;
}

/** What is brought in of one conversation. */
export interface MessagesOfHistory {
  conversation: LockedConversation;
  messages: readonly HistoricMessage[];
  read: HistoricReading;
}

/** Brings in the messages of conversations that took place elsewhere. */
export abstract class MessageHistory {
  /**
   * Needs an open unit in which the conversations were made, without any message. Gives the messages 1, 2, 3 … in their
   * order, and returns what would have been told of them at the time; the caller appends it.
   */
  abstract add(histories: readonly MessagesOfHistory[]): Promise<DomainEvent[]>;
}
