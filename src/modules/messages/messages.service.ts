import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { EventType } from '../../kernel/domain-event.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Conversations } from '../conversations/conversations.contract.js';
import { Visitors } from '../visitors/visitors.contract.js';
import { AppendMessages } from './append-messages.js';
import { fitsType } from './message-content.js';
import { messageEvent } from './message-events.js';
import type { MessageEntity } from './message.entity.js';
import { Messages } from './messages.contract.js';
import type { MessageView, NewMessage, SentMessage } from './messages.contract.js';
import { MESSAGE_WRITABLE, SendMessageDto } from './messages.dto.js';
import type { EditMessageDto, ListConversationMessagesDto, ListMessagesDto } from './messages.dto.js';
import { MessagesRepository } from './messages.repository.js';
import { toMessageView } from './messages.view.js';
import { ReceiptsRepository } from './receipts/receipts.repository.js';
import { SearchMessages } from './search/search-messages.js';

@Injectable()
export class MessagesService extends Messages {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly searching: SearchMessages,
    private readonly receipts: ReceiptsRepository,
    private readonly appending: AppendMessages,
    private readonly conversations: Conversations,
    private readonly visitors: Visitors,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    super();
  }

  read(body: unknown): NewMessage {
    return validate(SendMessageDto, body);
  }

  send(principal: Principal, input: NewMessage): Promise<SentMessage> {
    return this.appending.send(principal, input);
  }

  async get(principal: Principal, id: string): Promise<MessageView> {
    return this.view(await this.messages.get(principal, id));
  }

  async list(principal: Principal, filter: ListMessagesDto): Promise<Page<MessageView>> {
    const { q, sender_id } = filter;
    // What a visitor that was merged has written stands under another id.
    const wanted = sender_id === undefined ? filter : { ...filter, sender_id: await this.visitors.currentId(principal.organizationId, sender_id) };
    const page = await (q === undefined ? this.messages.list(principal, wanted) : this.searching.list(principal, wanted, q));
    return mapPage({ ...page, data: await this.receipts.withStatus(page.data) }, toMessageView);
  }

  async listOfConversation(principal: Principal, conversationId: string, filter: ListConversationMessagesDto): Promise<Page<MessageView>> {
    await this.conversations.assertVisible(principal, conversationId);
    return this.list(principal, { ...filter, conversation_id: conversationId });
  }

  async listAfter(principal: Principal, conversationId: string, afterSeq: number, limit: number) {
    const page = await this.listOfConversation(principal, conversationId, { after_seq: afterSeq, sort: 'seq', limit });
    return { messages: page.data, hasMore: page.has_more };
  }

  async edit(principal: Principal, id: string, input: EditMessageDto, ifMatch?: string): Promise<MessageView> {
    return this.change(principal, id, ifMatch, 'message.updated', (message, now) => {
      if (message.deleted_at !== null) throw new DomainError('conflict', 'message.recalled', 'The message was recalled.');
      if (input.content !== undefined && !fitsType(input.content, message.type)) {
        throw invalidField('content', 'is_message_content', `This content does not fit a message of type ${message.type}.`);
      }
      const { content, metadata } = input;
      const edits = content !== undefined && !isSame(content, message.content);
      const describes = metadata !== undefined && !isSame(metadata, message.metadata);
      return { ...(edits && { content, edited_at: now }), ...(describes && { metadata }) };
    });
  }

  /** The message stays in its place, without its content; recalling it again changes nothing. */
  async recall(principal: Principal, id: string, ifMatch?: string): Promise<MessageView> {
    return this.change(principal, id, ifMatch, 'message.deleted', (message, now) =>
      message.deleted_at === null ? { content: null, metadata: {}, deleted_at: now } : {},
    );
  }

  private async view(message: MessageEntity): Promise<MessageView> {
    const [withStatus] = await this.receipts.withStatus([message]);
    return toMessageView(withStatus!);
  }

  /** The conversation is locked first, as on the message path, so that its events keep their order. */
  private async change(
    principal: Principal,
    id: string,
    ifMatch: string | undefined,
    type: EventType,
    changesFor: (message: MessageEntity, now: number) => Partial<MessageEntity>,
  ): Promise<MessageView> {
    const { conversation_id } = await this.messages.get(principal, id);
    return this.unitOfWork.run(async () => {
      const conversation = (await this.conversations.lock([conversation_id])).get(conversation_id)!;
      const message = await this.messages.get(principal, id);
      assertOwn(principal, message);
      assertMatch(ifMatch, toMessageView(message), MESSAGE_WRITABLE);
      const now = this.clock.now();
      const changes = changesFor(message, now);
      if (Object.keys(changes).length === 0) return this.view(message);
      const [after] = (await this.receipts.withStatus([{ ...message, ...changes }])) as [MessageEntity];
      await this.messages.update(message.number, changes);
      this.outbox.append(messageEvent(type, after, conversation, this.conversations.subjectOf(conversation), now));
      return toMessageView(after);
    });
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function assertOwn(principal: Principal, message: MessageEntity): void {
  if (principal.kind !== 'agent' || principal.agent?.role === 'admin') return;
  if (message.sender_type === 'agent' && message.sender_id === principal.id) return;
  throw new DomainError('forbidden', 'message.not_own', 'Agents change their own messages only.');
}
