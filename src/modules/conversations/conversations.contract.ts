import type { EventSubject } from '../../kernel/domain-event.js';
import type { Principal } from '../../kernel/principal.js';
import type { ConversationStatus } from './domain/conversation-status.js';

/** A conversation whose row is locked until the open unit ends. */
export interface LockedConversation {
  id: string;
  organizationId: string;
  visitorId: string;
  agentId: string | null;
  department: string | null;
  channel: string;
  status: ConversationStatus;
  lastSeq: number;
  firstResponseAt: number | null;
  acceptedAt: number | null;
}

/** What decides who is told of what happens in a conversation. */
export type SeenConversation = Pick<LockedConversation, 'id' | 'visitorId' | 'agentId' | 'department' | 'channel' | 'status'>;

export interface MessageCount {
  conversationId: string;
  lastSeq: number;
  unread: number;
  /** Set when an agent's message is the first answer. */
  firstResponseAt: number | null;
  /** Set when its own agent takes it up with this message. */
  acceptedAt: number | null;
}

/** What the message path asks of conversations. */
export abstract class Conversations {
  /** Locks the rows in the order of their ids, so that two units never wait for each other. Unknown ids are left out. */
  abstract lock(ids: readonly string[]): Promise<Map<string, LockedConversation>>;
  /** Writes what new messages change; the rows must be locked. */
  abstract countMessages(counts: readonly MessageCount[], now: number): Promise<void>;
  /** Writes how many messages of the visitor no agent has read; the row must be locked. */
  abstract setUnread(id: string, unread: number): Promise<void>;
  abstract isVisible(principal: Principal, conversation: LockedConversation): boolean;
  /** Throws `conversation.not_found` when the caller may not see it. */
  abstract assertVisible(principal: Principal, id: string): Promise<void>;
  /** As `assertVisible`; what it answers may have changed a moment later. */
  abstract getVisible(principal: Principal, id: string): Promise<SeenConversation>;
  abstract subjectOf(conversation: Pick<LockedConversation, 'id' | 'agentId' | 'department' | 'channel' | 'status'>): EventSubject;
}
