import { Injectable } from '@nestjs/common';
import { invalidField } from '../../../kernel/domain-error.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { readQuery } from '../../../platform/search/terms.js';
import type { SearchQuery } from '../../../platform/search/terms.js';
import type { MessageEntity } from '../message.entity.js';
import type { ListMessagesDto } from '../messages.dto.js';
import { MessagesRepository } from '../messages.repository.js';
import { MessageIndex } from './message-index.js';
import { relevanceOf } from './relevance.js';

/** Of the messages that match so many are ranked: the newest ones. */
const RANKED = 500;
/** How much of a long text is looked at for its rank. */
const LOOKED_AT = 2000;
const DEFAULT_LIMIT = 20;

interface Candidate {
  number: number;
  relevance: number;
}

/** Where a page ended, and up to which message the first page saw: what is sent meanwhile moves nothing. */
interface Place extends Candidate {
  upTo: number;
}

/** Finds messages by their words: by relevance, or as any other list when it is asked to sort. */
@Injectable()
export class SearchMessages {
  constructor(
    private readonly index: MessageIndex,
    private readonly messages: MessagesRepository,
  ) {}

  async list(principal: Principal, filter: ListMessagesDto, q: string): Promise<Page<MessageEntity>> {
    const asked = readQuery(principal.organizationId, q);
    const place = filter.sort === undefined && filter.cursor !== undefined ? readPlace(filter.cursor) : null;
    await this.index.catchUp(principal.organizationId);
    if (filter.sort !== undefined) return this.messages.list(principal, filter, asked.terms);
    return this.ranked(principal, filter, asked, place);
  }

  private async ranked(principal: Principal, filter: ListMessagesDto, asked: SearchQuery, place: Place | null): Promise<Page<MessageEntity>> {
    const found = await this.messages.newestTexts(principal, filter, asked.terms, { upTo: place?.upTo, limit: RANKED, characters: LOOKED_AT });
    const upTo = place?.upTo ?? found[0]?.number ?? 0;
    const all = found.map(({ number, text }) => ({ number, relevance: relevanceOf(asked, text) })).toSorted(byRelevance);
    const rest = place === null ? all : all.filter((candidate) => byRelevance(place, candidate) < 0);
    const page = rest.slice(0, filter.limit ?? DEFAULT_LIMIT);
    const hasMore = rest.length > page.length;
    return {
      data: await this.messages.inThisOrder(page.map(({ number }) => number)),
      next_cursor: hasMore ? writePlace({ ...page.at(-1)!, upTo }) : null,
      has_more: hasMore,
      ...(filter.include_total === true && { total: all.length }),
    };
  }
}

function byRelevance(a: Candidate, b: Candidate): number {
  return b.relevance - a.relevance || b.number - a.number;
}

const MARK = 'relevance';

function writePlace({ upTo, relevance, number }: Place): string {
  return Buffer.from(JSON.stringify([MARK, upTo, relevance, number])).toString('base64url');
}

function readPlace(cursor: string): Place {
  try {
    const [mark, ...numbers] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    const [upTo, relevance, number] = numbers;
    if (mark === MARK && Number.isSafeInteger(upTo) && Number.isSafeInteger(relevance) && Number.isSafeInteger(number)) {
      return { upTo: upTo as number, relevance: relevance as number, number: number as number };
    }
  } catch {
    // Falls through to the one answer for every cursor that was not made here.
  }
  throw invalidField('cursor', 'cursor.invalid', 'The cursor is not one that this search gave.');
}
