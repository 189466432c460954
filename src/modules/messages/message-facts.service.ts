import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { MessageFacts } from './message-facts.contract.js';
import type { MessageTally } from './message-facts.contract.js';
import type { MessageType, SenderType } from './messages.contract.js';

const QUARTER_MS = 15 * 60_000;
/** Places in one statement. */
const CHUNK = 100;

interface Row {
  conversation_id: string;
  sender_type: SenderType;
  sender_id: string | null;
  type: MessageType;
  quarter_at: number;
  count: number;
}

@Injectable()
export class MessageFactsService extends MessageFacts {
  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  async countAfter(places: readonly { conversationId: string; seq: number }[]): Promise<MessageTally[]> {
    const tallies: MessageTally[] = [];
    for (let start = 0; start < places.length; start += CHUNK) {
      const chunk = places.slice(start, start + CHUNK);
      const rows = await this.unitOfWork.query<Row>(
        `SELECT conversation_id, sender_type, sender_id, type, created_at - created_at % ${QUARTER_MS} AS quarter_at, COUNT(*) AS count FROM messages
         WHERE ${chunk.map(() => '(conversation_id = ? AND seq > ?)').join(' OR ')}
         GROUP BY conversation_id, sender_type, sender_id, type, quarter_at`,
        chunk.flatMap(({ conversationId, seq }) => [conversationId, seq]),
      );
      for (const { conversation_id, sender_type, sender_id, type, quarter_at, count } of rows) {
        tallies.push({ conversationId: conversation_id, senderType: sender_type, senderId: sender_id, type, quarterAt: Number(quarter_at), count: Number(count) });
      }
    }
    return tallies;
  }
}
