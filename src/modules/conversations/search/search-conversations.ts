import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { invalidField } from '../../../kernel/domain-error.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { holdsAll } from '../../../platform/database/full-text.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { readQuery } from '../../../platform/search/terms.js';
import type { Term } from '../../../platform/search/terms.js';
import type { ConversationEntity } from '../conversation.entity.js';
import type { ListConversationsDto } from '../list-conversations.dto.js';
import { ConversationsRepository } from '../conversations.repository.js';
import { ConversationTexts } from './conversation-texts.contract.js';
import type { ConversationTextSource } from './conversation-texts.contract.js';
import { SubjectIndex } from './subject-index.js';

const DEFAULT_LIMIT = 20;
/** A subject that matches counts for more than any number of messages. */
const OF_SUBJECT = 1_000_000;

/** Where a page ended, and up to which row of each source the first page saw: what is written meanwhile moves nothing. */
interface Place {
  upTo: number[];
  rank: number;
  id: string;
}

/** Finds conversations by the words of their subjects and of what other modules know of them. */
@Injectable()
export class SearchConversations extends ConversationTexts {
  private readonly sources: ConversationTextSource[] = [];

  constructor(
    private readonly subjects: SubjectIndex,
    private readonly conversations: ConversationsRepository,
    private readonly unitOfWork: UnitOfWork,
  ) {
    super();
  }

  register(source: ConversationTextSource): void {
    this.sources.push(source);
  }

  async list(principal: Principal, filter: ListConversationsDto, q: string): Promise<Page<ConversationEntity>> {
    const { terms } = readQuery(principal.organizationId, q);
    const place = filter.sort === undefined && filter.cursor !== undefined ? readPlace(filter.cursor) : null;
    await this.subjects.catchUp(principal.organizationId);
    for (const source of this.sources) await source.catchUp(principal.organizationId);
    const upTo = place?.upTo ?? (await this.ends());
    if (filter.sort !== undefined) return this.conversations.list(principal, filter, (query) => this.findBy(query, terms, upTo));
    return this.ranked(principal, filter, terms, { place, upTo });
  }

  private async ranked(
    principal: Principal,
    filter: ListConversationsDto,
    terms: readonly Term[],
    { place, upTo }: { place: Place | null; upTo: number[] },
  ): Promise<Page<ConversationEntity>> {
    const query = this.conversations.matching(principal, filter);
    this.findBy(query, terms, upTo);
    const total = filter.include_total === true ? await query.clone().getCount() : undefined;
    if (place !== null) query.andWhere('(found.place < :rank OR (found.place = :rank AND conversation.id < :lastId))', { rank: place.rank, lastId: place.id });
    const limit = filter.limit ?? DEFAULT_LIMIT;
    const { entities, raw } = await query
      .addSelect('found.place', 'place')
      .orderBy('found.place', 'DESC')
      .addOrderBy('conversation.id', 'DESC')
      .limit(limit + 1)
      .getRawAndEntities<{ place: number }>();
    const data = entities.slice(0, limit);
    const hasMore = entities.length > limit;
    return {
      data,
      next_cursor: hasMore ? writePlace({ upTo, rank: Number(raw[limit - 1]!.place), id: data.at(-1)!.id }) : null,
      has_more: hasMore,
      ...(total !== undefined && { total }),
    };
  }

  /** Joins what was found as `found`: one row for each conversation, with its rank. */
  private findBy(query: SelectQueryBuilder<ConversationEntity>, terms: readonly Term[], upTo: readonly number[]): void {
    const texts = ['conversation_search', ...this.sources.map(({ table }) => table)].map((table, index) => {
      const { sql, parameters } = holdsAll(this.unitOfWork.dialect, table, 'words', terms);
      query.setParameters(parameters);
      if (index > 0) query.setParameter(`upTo${index}`, upTo[index - 1]);
      const worth = index === 0 ? OF_SUBJECT : 1;
      return `SELECT words.conversation_id, ${worth} AS worth FROM ${table} words
              WHERE words.organization_id = :organizationId AND ${sql}${index === 0 ? '' : ` AND words.number <= :upTo${index}`}`;
    });
    query.innerJoin(
      `(SELECT texts.conversation_id, SUM(texts.worth) AS place FROM (${texts.join(' UNION ALL ')}) texts GROUP BY texts.conversation_id)`,
      'found',
      'found.conversation_id = conversation.id',
    );
  }

  private async ends(): Promise<number[]> {
    const ends: number[] = [];
    for (const { table } of this.sources) {
      const [row] = await this.unitOfWork.query<{ last: number | null }>(`SELECT MAX(number) AS last FROM ${table}`);
      ends.push(Number(row?.last ?? 0));
    }
    return ends;
  }
}

const MARK = 'relevance';

function writePlace({ upTo, rank, id }: Place): string {
  return Buffer.from(JSON.stringify([MARK, upTo, rank, id])).toString('base64url');
}

function readPlace(cursor: string): Place {
  try {
    const [mark, upTo, rank, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (mark === MARK && Array.isArray(upTo) && upTo.every(Number.isSafeInteger) && Number.isSafeInteger(rank) && typeof id === 'string') {
      return { upTo: upTo as number[], rank: rank as number, id };
    }
  } catch {
    // Falls through to the one answer for every cursor that was not made here.
  }
  throw invalidField('cursor', 'cursor.invalid', 'The cursor is not one that this search gave.');
}
