import type { Page, PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import type { ConversationView } from './conversations.dto.js';
import type { ConversationStatus } from './domain/conversation-status.js';

export { ConversationPageView, ConversationView } from './conversations.dto.js';
export { CONVERSATION_STATUSES } from './domain/conversation-status.js';
export type { ConversationStatus } from './domain/conversation-status.js';

/** Conversations by the visitors that began them. */
export abstract class VisitorConversations {
  /** Those of any of these visitors, as far as the caller may see them. */
  abstract listOf(principal: Principal, visitorIds: readonly string[], page: PageQuery & { status?: ConversationStatus }): Promise<Page<ConversationView>>;
}
