import { Injectable } from '@nestjs/common';
import type { EventType } from '../../../kernel/domain-event.js';
import { Projections } from '../../../platform/outbox/projections.js';
import type { PositionedEvent, Projection } from '../../../platform/outbox/projections.js';
import { SubjectWords } from './subject-words.js';

const MOST_TO_CATCH_UP = 5000;

/** Lets the words of subjects follow the event log. */
@Injectable()
export class SubjectIndex implements Projection {
  readonly name = 'conversation_search';

  constructor(
    private readonly words: SubjectWords,
    private readonly projections: Projections,
  ) {
    projections.register(this);
  }

  async catchUp(organizationId: string): Promise<void> {
    await this.projections.catchUp(this.name, organizationId, MOST_TO_CATCH_UP);
  }

  concerns(type: EventType): boolean {
    return type.startsWith('conversation.');
  }

  async apply(_organizationId: string, events: readonly PositionedEvent[]): Promise<void> {
    const ids = events.map(({ conversationId }) => conversationId);
    await this.words.renew([...new Set(ids)].filter((id) => id !== null));
  }
}
