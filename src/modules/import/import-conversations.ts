import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { FieldError } from '../../kernel/domain-error.js';
import { mayBeSeen, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { Config } from '../../platform/config/config.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { AuditTrail } from '../audit/audit.contract.js';
import { Agents } from '../agents/agents.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { AddHistories } from './add-histories.js';
import type { Addition, NewHistory } from './add-histories.js';
import { ImportConversationDto } from './import.dto.js';
import type { ImportDto } from './import.dto.js';
import type { ImportResultView, ImportView } from './import.view.dto.js';
import { readHistory } from './read-history.js';
import type { ReadingContext } from './read-history.js';

/** One transaction takes so many conversations, and no further one once it has so many messages. */
const SLICE = 50;
const SLICE_MESSAGES = 2000;

interface ReadItem {
  index: number;
  externalId: string | null;
  outcome: { history: NewHistory } | { errors: FieldError[] };
}

/** Brings in conversations of another system: those that can be stored in slices, each slice in one transaction. */
@Injectable()
export class ImportConversations {
  constructor(
    private readonly histories: AddHistories,
    private readonly agents: Agents,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async import(principal: Principal, { conversations, announce = false }: ImportDto): Promise<ImportView> {
    const context = await this.contextOf(principal, conversations);
    const items = conversations.map((input, index) => this.read(principal, input, index, context, announce));
    const results = new Map<number, ImportResultView>();
    for (const item of items) {
      if ('errors' in item.outcome) results.set(item.index, refused(item, item.outcome.errors));
    }
    for (const slice of slicesOf(items)) {
      const additions = await this.unitOfWork.run(() => this.histories.add(principal, slice.map(({ history }) => history), announce));
      slice.forEach(({ item }, position) => results.set(item.index, added(item, additions[position]!)));
    }
    const ordered = items.map(({ index }) => results.get(index)!);
    const count = (status: ImportResultView['status']): number => ordered.filter((result) => result.status === status).length;
    const counts = { created: count('created'), known: count('known'), invalid: count('invalid') };
    if (counts.created > 0) {
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'conversations.imported', target: { type: 'import', id: null }, details: counts,
      });
    }
    return { results: ordered, ...counts };
  }

  private async contextOf(principal: Principal, conversations: readonly unknown[]): Promise<ReadingContext> {
    const organization = await this.organizations.find(principal.organizationId);
    return { timeZone: organization!.time_zone, now: this.clock.now(), agents: await this.agents.idsByName(principal.organizationId, agentsNamedIn(conversations)) };
  }

  private read(principal: Principal, input: unknown, index: number, context: ReadingContext, announce: boolean): ReadItem {
    const externalId = externalIdOf(input);
    const errors: FieldError[] = [];
    try {
      const dto = validate(ImportConversationDto, input);
      if ((dto.visitor_id === undefined) === (dto.visitor === undefined)) throw invalidField('visitor_id', 'visitor.required', 'Give either visitor_id or visitor.');
      const history = readHistory(dto, context, errors);
      const { agentId, department, channel, status, createdAt } = history.conversation;
      if (!mayBeSeen(visibilityOf(principal), { agentId, department, channel, queued: status === 'queued' })) {
        errors.push({ field: '', code: 'import.outside_data_scope', message: 'The caller could not see this conversation.' });
      }
      if (announce && createdAt < context.now - this.config.eventRetentionMs) {
        errors.push({ field: 'created_at', code: 'import.too_old_to_announce', message: 'Events of that time are not kept any more; without announce it can be imported.' });
      }
      if (errors.length === 0) return { index, externalId, outcome: { history: { dto, ...history } } };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      errors.push(...(error.details.errors ?? []));
    }
    return { index, externalId, outcome: { errors } };
  }
}

function* slicesOf(items: readonly ReadItem[]): Generator<{ item: ReadItem; history: NewHistory }[]> {
  let slice: { item: ReadItem; history: NewHistory }[] = [];
  let messages = 0;
  for (const item of items) {
    if (!('history' in item.outcome)) continue;
    const { history } = item.outcome;
    slice.push({ item, history });
    messages += history.messages.length;
    if (slice.length < SLICE && messages < SLICE_MESSAGES) continue;
    yield slice;
    slice = [];
    messages = 0;
  }
  if (slice.length > 0) yield slice;
}

function refused({ index, externalId }: ReadItem, errors: FieldError[]): ImportResultView {
  return { index, external_id: externalId, status: 'invalid', conversation_id: null, errors };
}

function added(item: ReadItem, addition: Addition): ImportResultView {
  if ('errors' in addition) return refused(item, addition.errors);
  return { index: item.index, external_id: item.externalId, status: addition.created ? 'created' : 'known', conversation_id: addition.conversationId };
}

/** Before anything is checked: what is not text names nobody. */
function agentsNamedIn(conversations: readonly unknown[]): string[] {
  const names = new Set<unknown>();
  for (const conversation of conversations as Partial<ImportConversationDto>[]) {
    names.add(conversation?.agent);
    for (const list of [conversation?.transfers, conversation?.messages]) {
      if (!Array.isArray(list)) continue;
      for (const entry of list as { agent?: unknown; sender?: { type?: unknown; id?: unknown } }[]) {
        names.add(entry?.agent);
        if (entry?.sender?.type === 'agent') names.add(entry.sender.id);
      }
    }
  }
  return [...names].filter((name): name is string => typeof name === 'string');
}

function externalIdOf(input: unknown): string | null {
  const id = (input as { external_id?: unknown } | null)?.external_id;
  return typeof id === 'string' ? id.slice(0, 191).toWellFormed() : null;
}
