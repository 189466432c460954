import { Entity, ForeignKey } from 'typeorm';
import { IdColumn, PrimaryIdColumn } from '../../platform/database/columns.js';

/** Under which id another system knew a conversation, so that it is brought in once. */
@Entity('imported_conversations')
export class ImportedConversationEntity {
  @PrimaryIdColumn() organization_id: string;
  @PrimaryIdColumn(191) external_id: string;
  @ForeignKey('conversations', { name: 'imported_conversations_conversation_fk' })
  @IdColumn() conversation_id: string;
}
