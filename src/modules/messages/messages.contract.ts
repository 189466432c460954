import type { Principal } from '../../kernel/principal.js';

export const SENDER_TYPES = ['visitor', 'agent', 'bot', 'system'] as const;
export type SenderType = (typeof SENDER_TYPES)[number];

export const MESSAGE_TYPES = ['text', 'image', 'file', 'voice', 'video', 'location', 'link', 'card', 'event'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export type MessageStatus = 'sent' | 'delivered' | 'read';
export type MessageContent = string | Record<string, unknown>;

export interface NewMessage {
  conversation_id: string;
  /** Applications must name the sender; agents send as themselves. */
  sender?: { type: SenderType; id?: string | null };
  type: MessageType;
  content: MessageContent;
  metadata?: Record<string, unknown>;
  client_msg_no?: string | null;
}

export interface MessageView {
  id: string;
  conversation_id: string;
  sender: { type: SenderType; id: string | null };
  type: MessageType;
  content: MessageContent | null;
  metadata: Record<string, unknown>;
  client_msg_no: string | null;
  number: number;
  seq: number;
  status: MessageStatus;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
}

export interface SentMessage {
  message: MessageView;
  /** False when the same `client_msg_no` had been sent before: `message` is that first one. */
  created: boolean;
}

/** What sockets and dialects ask of messages. */
export abstract class Messages {
  abstract send(principal: Principal, input: NewMessage): Promise<SentMessage>;
  /** Checks what a client sent by the same rules as the REST API; throws `request.invalid`. */
  abstract read(body: unknown): NewMessage;
  /** What a conversation holds after `afterSeq`, in order. */
  abstract listAfter(principal: Principal, conversationId: string, afterSeq: number, limit: number): Promise<{ messages: MessageView[]; hasMore: boolean }>;
}
