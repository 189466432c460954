import { Entity, Index } from 'typeorm';
import { IdColumn, LongTextColumn, SerialColumn } from '../../../platform/database/columns.js';
import { FullText } from '../../../platform/database/full-text.js';

/** The words of a conversation's subject; one without any has no row. */
@Entity('conversation_search')
@Index('conversation_search_conversation', ['conversation_id'], { unique: true })
@FullText('conversation_search_words_index')
export class ConversationSearchEntity {
  @SerialColumn() number: number;
  @IdColumn() organization_id: string;
  @IdColumn() conversation_id: string;
  @LongTextColumn() body: string;
}
