import { IsIn } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent } from '../../../platform/http/validation/rules.js';
import { CONVERSATION_STATUSES } from '../../conversations/visitor-conversations.contract.js';
import type { ConversationStatus } from '../../conversations/visitor-conversations.contract.js';

export class ListConversationsOfCustomerDto extends PageQueryDto {
  /** @example 'open' */
  @IfPresent()
  @IsIn(CONVERSATION_STATUSES)
  status?: ConversationStatus;
}
