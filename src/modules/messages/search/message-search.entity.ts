import { Entity, Index } from 'typeorm';
import { IdColumn, LongTextColumn, PrimaryNumberColumn } from '../../../platform/database/columns.js';
import { FullText } from '../../../platform/database/full-text.js';

/** The words of a message; a message without any, or one that was recalled, has no row. */
@Entity('message_search')
@Index('message_search_conversation', ['conversation_id'])
@FullText('message_search_words_index')
export class MessageSearchEntity {
  /** That of the message. */
  @PrimaryNumberColumn() number: number;
  @IdColumn() organization_id: string;
  @IdColumn() conversation_id: string;
  @LongTextColumn() body: string;
}
