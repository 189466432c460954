import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { joinOf } from '../../platform/database/full-text.js';
import type { FullTextJoin } from '../../platform/database/full-text.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { insertRows } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import type { Term } from '../../platform/search/terms.js';
import { MessageEntity } from './message.entity.js';
import type { ListMessagesDto } from './messages.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at', number: 'number' }, default: '-created_at', tieBreaker: 'number' };
/** The words know the numbers of their messages and not their time; only history that was brought in has another order. */
const SORTING_OF_FOUND: Sorting = { ...SORTING, columns: { created_at: 'number', number: 'number' } };
const SORTING_OF_ONE: Sorting = { columns: { created_at: 'seq', seq: 'seq' }, default: '-created_at', tieBreaker: 'seq' };

const COLUMNS = [
  'id', 'organization_id', 'conversation_id', 'seq', 'sender_type', 'sender_id', 'type', 'content', 'metadata', 'client_msg_no', 'status', 'created_at',
] as const;

const CONVERSATION_COLUMNS = { agentId: 'c.agent_id', department: 'c.department', channel: 'c.channel', queued: "c.status = 'queued'", visitorId: 'c.visitor_id' };

@Injectable()
export class MessagesRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Inserts all in one statement and writes each one's generated `number` into it. */
  async insertAll(messages: readonly MessageEntity[]): Promise<void> {
    const numbers = await insertRows(
      this.unitOfWork,
      'messages',
      COLUMNS,
      messages.map((message) => [
        message.id, message.organization_id, message.conversation_id, message.seq, message.sender_type, message.sender_id, message.type,
        JSON.stringify(message.content), JSON.stringify(message.metadata), message.client_msg_no, message.status, message.created_at,
      ]),
    );
    messages.forEach((message, index) => (message.number = numbers[index]!));
  }

  /** Messages with one of these pairs of conversation and `client_msg_no`. */
  async findByClientNumbers(pairs: readonly { conversationId: string; clientMsgNo: string }[]): Promise<MessageEntity[]> {
    if (pairs.length === 0) return [];
    const condition = pairs.map(() => '(conversation_id = ? AND client_msg_no = ?)').join(' OR ');
    const known = await this.unitOfWork.query<{ id: string }>(
      `SELECT id FROM messages WHERE ${condition}`,
      pairs.flatMap(({ conversationId, clientMsgNo }) => [conversationId, clientMsgNo]),
    );
    if (known.length === 0) return [];
    return this.unitOfWork.manager
      .createQueryBuilder(MessageEntity, 'message')
      .where('message.id IN (:...ids)', { ids: known.map(({ id }) => id) })
      .getMany();
  }

  async get(principal: Principal, id: string): Promise<MessageEntity> {
    const message = await this.visible(principal).andWhere('message.id = :id', { id }).getOne();
    if (message === null) throw notFound('message', id);
    return message;
  }

  async update(number: number, changes: Partial<MessageEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(MessageEntity, { number }, changes as object);
  }

  /** Those that hold all `terms`, where there are any. */
  async list(principal: Principal, filter: ListMessagesDto, terms: readonly Term[] = []): Promise<Page<MessageEntity>> {
    const sorting = filter.conversation_id !== undefined ? SORTING_OF_ONE : terms.length === 0 ? SORTING : SORTING_OF_FOUND;
    const equals: Record<string, string> = terms.length === 0 ? {} : { number: this.wordsHolding(terms).number };
    return keysetPage(this.matching(principal, filter, terms), { ...sorting, equals }, filter);
  }

  /** The newest that match, up to a number: how they are numbered, and how their content begins, as it is stored. */
  async newestTexts(
    principal: Principal,
    filter: ListMessagesDto,
    terms: readonly Term[],
    { upTo, limit, characters }: { upTo: number | undefined; limit: number; characters: number },
  ): Promise<{ number: number; text: string }[]> {
    const query = this.matching(principal, filter, terms);
    if (upTo !== undefined) query.andWhere(`${this.wordsHolding(terms).number} <= :upTo`, { upTo });
    const found = await query
      .select('message.number', 'number')
      .addSelect(`SUBSTR(message.content, 1, ${characters})`, 'text')
      .orderBy(this.wordsHolding(terms).number, 'DESC')
      .limit(limit)
      .getRawMany<{ number: number; text: string }>();
    return found.map(({ number, text }) => ({ number: Number(number), text }));
  }

  async inThisOrder(numbers: readonly number[]): Promise<MessageEntity[]> {
    if (numbers.length === 0) return [];
    const found = await this.unitOfWork.manager.createQueryBuilder(MessageEntity, 'message').where('message.number IN (:...numbers)', { numbers }).getMany();
    const byNumber = new Map(found.map((message) => [message.number, message]));
    return numbers.flatMap((number) => byNumber.get(number) ?? []);
  }

  private matching(principal: Principal, filter: ListMessagesDto, terms: readonly Term[]): SelectQueryBuilder<MessageEntity> {
    const query = this.visible(principal);
    if (terms.length > 0) {
      const { table, on } = this.wordsHolding(terms);
      const { sql, parameters } = on('message.number');
      query.innerJoin(table, 'words', sql, parameters);
      query.andWhere('message.deleted_at IS NULL');
    }
    for (const field of ['conversation_id', 'type', 'sender_type', 'sender_id', 'client_msg_no'] as const) {
      if (filter[field] !== undefined) query.andWhere(`message.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.after_seq !== undefined) query.andWhere('message.seq > :afterSeq', { afterSeq: filter.after_seq });
    if (filter.since !== undefined) query.andWhere('message.created_at >= :since', { since: filter.since });
    if (filter.until !== undefined) query.andWhere('message.created_at < :until', { until: filter.until });
    return query;
  }

  private wordsHolding(terms: readonly Term[]): FullTextJoin {
    return joinOf(this.unitOfWork.dialect, 'message_search', 'words', terms);
  }

  private visible(principal: Principal): SelectQueryBuilder<MessageEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(MessageEntity, 'message')
      .where('message.organization_id = :organizationId', { organizationId: principal.organizationId });
    const condition = visibleTo(visibilityOf(principal), CONVERSATION_COLUMNS);
    if (condition === null) return query;
    return query.andWhere(`EXISTS (SELECT 1 FROM conversations c WHERE c.id = message.conversation_id AND ${condition.sql})`, condition.parameters);
  }
}
