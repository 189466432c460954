import { toInstant } from '../../kernel/clock.js';
import type { MessageEntity } from './message.entity.js';
import type { MessageView } from './messages.contract.js';

export function toMessageView(message: MessageEntity): MessageView {
  return {
    id: message.id,
    conversation_id: message.conversation_id,
    sender: { type: message.sender_type, id: message.sender_id },
    type: message.type,
    content: message.content,
    metadata: message.metadata,
    client_msg_no: message.client_msg_no,
    number: message.number,
    seq: message.seq,
    status: message.status,
    created_at: toInstant(message.created_at),
    edited_at: toInstant(message.edited_at),
    deleted_at: toInstant(message.deleted_at),
  };
}
