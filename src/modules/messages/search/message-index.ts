import { Injectable } from '@nestjs/common';
import type { EventType } from '../../../kernel/domain-event.js';
import { Projections } from '../../../platform/outbox/projections.js';
import type { PositionedEvent, Projection } from '../../../platform/outbox/projections.js';
import { ConversationTexts } from '../../conversations/search/conversation-texts.contract.js';
import type { ConversationTextSource } from '../../conversations/search/conversation-texts.contract.js';
import { MessageWords } from './message-words.js';

/** After a large import a search finds what has been read so far, and waits for no more than this. */
const MOST_TO_CATCH_UP = 5000;

/** Lets the words of messages follow the event log. */
@Injectable()
export class MessageIndex implements Projection, ConversationTextSource {
  readonly name = 'message_search';
  readonly table = 'message_search';

  constructor(
    private readonly words: MessageWords,
    private readonly projections: Projections,
    texts: ConversationTexts,
  ) {
    projections.register(this);
    texts.register(this);
  }

  /** What its caller has written is found from then on. */
  async catchUp(organizationId: string): Promise<void> {
    await this.projections.catchUp(this.name, organizationId, MOST_TO_CATCH_UP);
  }

  concerns(type: EventType): boolean {
    return type.startsWith('message.');
  }

  async apply(_organizationId: string, events: readonly PositionedEvent[]): Promise<void> {
    const numbers = events.map(({ data }) => data['number']);
    await this.words.renew([...new Set(numbers)].filter((number) => typeof number === 'number'));
  }
}
