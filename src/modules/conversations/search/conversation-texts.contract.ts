/** Texts by which conversations are found: a table with full text over `body`, and in each row `number`, `organization_id`, `conversation_id`. */
export interface ConversationTextSource {
  table: string;
  /** Makes what was committed before the call findable. */
  catchUp(organizationId: string): Promise<void>;
}

/** Modules above add what their rows say of a conversation, as they are constructed. */
export abstract class ConversationTexts {
  abstract register(source: ConversationTextSource): void;
}
