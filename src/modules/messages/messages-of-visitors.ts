import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { changeRows, placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Conversations } from '../conversations/conversations.contract.js';
import { VisitorHoldings } from '../visitors/visitors.contract.js';
import type { VisitorHolding } from '../visitors/visitors.contract.js';
import { MessageWords } from './search/message-words.js';

const STEP = 100;

/** What a visitor wrote, and what was written to it. */
@Injectable()
export class MessagesOfVisitors implements VisitorHolding {
  readonly name = 'messages';

  constructor(
    private readonly conversations: Conversations,
    private readonly words: MessageWords,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    holdings: VisitorHoldings,
  ) {
    holdings.register(this);
  }

  /** Step by step along the indexes: asked for all at once MariaDB reads, and locks, the messages of everybody. */
  async move(organizationId: string, fromId: string, toId: string): Promise<void> {
    const conversations = await this.unitOfWork.query<{ id: string }>('SELECT id FROM conversations WHERE visitor_id IN (?, ?) AND organization_id = ?', [fromId, toId, organizationId]);
    for (let start = 0; start < conversations.length; start += STEP) {
      const ids = conversations.slice(start, start + STEP).map(({ id }) => id);
      const among = `conversation_id IN (${placeholders(ids.length)})`;
      await changeRows(this.unitOfWork, `UPDATE messages SET sender_id = ? WHERE ${among} AND sender_type = 'visitor' AND sender_id = ?`, [toId, ...ids, fromId]);
    }
  }

  /** They stay in their places without what they said, as messages that were recalled do. */
  async erase(organizationId: string, visitorId: string, limit: number): Promise<number> {
    return this.unitOfWork.run(async () => {
      const rows = await this.unitOfWork.query<{ number: number; conversation_id: string }>(
        `SELECT m.number, m.conversation_id FROM conversations c JOIN messages m ON m.conversation_id = c.id
         WHERE c.visitor_id = ? AND c.organization_id = ? AND (m.content IS NOT NULL OR m.client_msg_no IS NOT NULL OR m.metadata <> '{}') LIMIT ?`,
        [visitorId, organizationId, limit],
      );
      if (rows.length === 0) return 0;
      // As whoever edits them does, so that nobody puts back what was taken away.
      await this.conversations.lock([...new Set(rows.map(({ conversation_id }) => conversation_id))]);
      const numbers = rows.map(({ number }) => Number(number));
      await changeRows(
        this.unitOfWork,
        `UPDATE messages SET content = NULL, metadata = '{}', client_msg_no = NULL, deleted_at = COALESCE(deleted_at, ?) WHERE number IN (${placeholders(numbers.length)})`,
        [this.clock.now(), ...numbers],
      );
      await this.words.renew(numbers);
      return rows.length;
    });
  }
}
