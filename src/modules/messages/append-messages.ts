import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField, notFound } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Principal } from '../../kernel/principal.js';
import { SharedUnit } from '../../platform/database/shared-unit.js';
import type { Outcome } from '../../platform/database/shared-unit.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import { Conversations } from '../conversations/conversations.contract.js';
import type { LockedConversation, MessageCount } from '../conversations/conversations.contract.js';
import { Visitors } from '../visitors/visitors.contract.js';
import { messageEvent } from './message-events.js';
import type { MessageEntity } from './message.entity.js';
import type { NewMessage, SentMessage } from './messages.contract.js';
import { MessagesRepository } from './messages.repository.js';
import { toMessageView } from './messages.view.js';
import { ReceiptsRepository } from './receipts/receipts.repository.js';
import { resolveSender } from './sender.js';

interface Submission {
  principal: Principal;
  input: NewMessage;
}

const MAX_PER_UNIT = 128;
/** Several on MySQL, so that some prepare while others commit; SQLite has one writer. */
const PARALLEL_UNITS = { mysql: 3, sqlite: 1 };

/** The message path: many concurrent sends share one transaction and a handful of statements. */
@Injectable()
export class AppendMessages {
  private readonly shared: SharedUnit<Submission, SentMessage>;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly receipts: ReceiptsRepository,
    private readonly conversations: Conversations,
    private readonly agents: Agents,
    private readonly visitors: Visitors,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    this.shared = new SharedUnit(
      unitOfWork,
      { maxItems: MAX_PER_UNIT, maxParallel: PARALLEL_UNITS[unitOfWork.dialect], keyOf: ({ input }) => input.conversation_id },
      (items) => this.append(items),
    );
  }

  /** Within an open unit of work the message belongs to that unit; otherwise it shares one with its neighbours. */
  async send(principal: Principal, input: NewMessage): Promise<SentMessage> {
    if (!this.unitOfWork.isOpen) return this.shared.submit({ principal, input });
    const [outcome] = await this.append([{ principal, input }]);
    if ('error' in outcome!) throw outcome.error;
    return outcome!.value;
  }

  /** All in one unit and in their order; one that cannot be sent does not fail the others. */
  async sendAll(principal: Principal, inputs: readonly NewMessage[]): Promise<Outcome<SentMessage>[]> {
    if (inputs.length === 0) return [];
    return this.unitOfWork.run(() => this.append(inputs.map((input) => ({ principal, input }))));
  }

  private async append(items: readonly Submission[]): Promise<Outcome<SentMessage>[]> {
    const conversations = await this.conversations.lock([...new Set(items.map(({ input }) => input.conversation_id))]);
    const firsts = await this.findFirsts(items);
    const now = this.clock.now();
    const created: MessageEntity[] = [];
    const counts = new Map<string, MessageCount>();
    const outcomes: (() => Outcome<SentMessage>)[] = [];
    for (const { principal, input } of items) {
      try {
        const conversation = conversations.get(input.conversation_id);
        if (conversation === undefined || !this.conversations.isVisible(principal, conversation)) throw notFound('conversation', input.conversation_id);
        const key = firstKey(input);
        const first = key === null ? undefined : firsts.get(key);
        if (first !== undefined) {
          outcomes.push(() => ({ value: { message: toMessageView(first), created: false } }));
          continue;
        }
        const message = await this.build(principal, input, conversation, now);
        conversation.lastSeq = message.seq;
        count(counts, conversation, message);
        created.push(message);
        if (key !== null) firsts.set(key, message);
        outcomes.push(() => ({ value: { message: toMessageView(message), created: true } }));
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        outcomes.push(() => ({ error }));
      }
    }
    await this.write(created, counts, conversations, now);
    return outcomes.map((outcome) => outcome());
  }

  private async build(principal: Principal, input: NewMessage, conversation: LockedConversation, now: number): Promise<MessageEntity> {
    const sender = resolveSender(principal, await this.presentSender(input.sender, conversation), conversation);
    if (sender.type === 'agent' && sender.id !== principal.id) await this.assertAgent(principal, sender.id);
    if (conversation.status === 'closed') {
      throw new DomainError('conflict', 'conversation.closed', 'The conversation is closed; reopen it or begin a new one.');
    }
    return {
      number: 0,
      id: newId('message'),
      organization_id: conversation.organizationId,
      conversation_id: conversation.id,
      seq: conversation.lastSeq + 1,
      sender_type: sender.type,
      sender_id: sender.id,
      type: input.type,
      content: input.content,
      metadata: input.metadata ?? {},
      client_msg_no: input.client_msg_no ?? null,
      status: 'sent',
      created_at: now,
      edited_at: null,
      deleted_at: null,
    };
  }

  /** The id of a visitor that was merged stands for the one that it was merged into. */
  private async presentSender(named: NewMessage['sender'], { organizationId, visitorId }: LockedConversation): Promise<NewMessage['sender']> {
    if (named?.type !== 'visitor' || named.id === null || named.id === undefined || named.id === visitorId) return named;
    return { type: 'visitor', id: await this.visitors.currentId(organizationId, named.id) };
  }

  private async assertAgent(principal: Principal, id: string | null): Promise<void> {
    const agent = id === null ? null : await this.agents.find(principal.organizationId, id);
    if (agent === null) throw invalidField('sender.id', 'agent.not_found', `There is no agent ${JSON.stringify(id)}.`);
  }

  private async write(
    created: readonly MessageEntity[],
    counts: ReadonlyMap<string, MessageCount>,
    conversations: ReadonlyMap<string, LockedConversation>,
    now: number,
  ): Promise<void> {
    if (created.length === 0) return;
    await this.messages.insertAll(created);
    await this.conversations.countMessages([...counts.values()], now);
    for (const message of created) {
      const conversation = conversations.get(message.conversation_id)!;
      const type = message.sender_type === 'visitor' ? 'message.received' : 'message.sent';
      this.outbox.append(messageEvent(type, message, conversation, this.conversations.subjectOf(conversation), now));
    }
  }

  /** What was sent before under the same `client_msg_no`, by `firstKey`. */
  private async findFirsts(items: readonly Submission[]): Promise<Map<string, MessageEntity>> {
    const pairs = new Map<string, { conversationId: string; clientMsgNo: string }>();
    for (const { input } of items) {
      const key = firstKey(input);
      if (key !== null) pairs.set(key, { conversationId: input.conversation_id, clientMsgNo: input.client_msg_no! });
    }
    const known = await this.receipts.withStatus(await this.messages.findByClientNumbers([...pairs.values()]));
    return new Map(known.map((message) => [firstKey(message)!, message]));
  }
}

function firstKey({ conversation_id, client_msg_no }: { conversation_id: string; client_msg_no?: string | null }): string | null {
  return client_msg_no === null || client_msg_no === undefined ? null : `${conversation_id}\n${client_msg_no}`;
}

function count(counts: Map<string, MessageCount>, conversation: LockedConversation, message: MessageEntity): void {
  const before = counts.get(conversation.id);
  const byAgent = message.sender_type === 'agent';
  const answers = byAgent && conversation.firstResponseAt === null;
  const accepts = byAgent && message.sender_id === conversation.agentId && conversation.acceptedAt === null;
  counts.set(conversation.id, {
    conversationId: conversation.id,
    lastSeq: message.seq,
    unread: (before?.unread ?? 0) + (message.sender_type === 'visitor' ? 1 : 0),
    firstResponseAt: before?.firstResponseAt ?? (answers ? message.created_at : null),
    acceptedAt: before?.acceptedAt ?? (accepts ? message.created_at : null),
  });
}
