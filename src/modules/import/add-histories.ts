import { Injectable } from '@nestjs/common';
import { DomainError } from '../../kernel/domain-error.js';
import type { FieldError } from '../../kernel/domain-error.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import type { Principal } from '../../kernel/principal.js';
import { addRows, placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import { ConversationHistory } from '../conversations/conversation-history.contract.js';
import { MessageHistory } from '../messages/message-history.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { Visitors } from '../visitors/visitors.contract.js';
import type { ImportConversationDto } from './import.dto.js';
import type { History } from './read-history.js';

export interface NewHistory extends History {
  dto: ImportConversationDto;
}

export type Addition = { conversationId: string; created: boolean } | { errors: FieldError[] };

/** Stores histories that have been checked, in the open unit: what is known stays as it is. */
@Injectable()
export class AddHistories {
  constructor(
    private readonly agents: Agents,
    private readonly conversations: ConversationHistory,
    private readonly messages: MessageHistory,
    private readonly organizations: Organizations,
    private readonly visitors: Visitors,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
  ) {}

  /** In the order of the histories. Two calls that bring the same at once: one finds what the other has stored. */
  async add(principal: Principal, histories: readonly NewHistory[], announce: boolean): Promise<Addition[]> {
    const { organizationId } = principal;
    // One import at a time in an organization; and agents get load, and are not disabled, where conversations are not closed.
    await this.organizations.lockRouting(organizationId);
    if (!announce) this.outbox.quietly();
    const known = await this.knownAmong(organizationId, histories.map(({ dto }) => dto.external_id));
    const additions: (Addition | { externalId: string })[] = [];
    const fresh = new Map<string, { history: NewHistory; visitorId: string }>();
    for (const history of histories) {
      const { external_id } = history.dto;
      const conversationId = known.get(external_id);
      if (conversationId !== undefined) {
        additions.push({ conversationId, created: false });
        continue;
      }
      const visitorId = fresh.has(external_id) ? null : ((await this.withoutItsAgent(organizationId, history)) ?? (await this.visitorOf(principal, history.dto)));
      if (typeof visitorId === 'object' && visitorId !== null) {
        additions.push(visitorId);
        continue;
      }
      additions.push({ externalId: external_id });
      if (visitorId !== null) fresh.set(external_id, { history, visitorId });
    }
    const made = await this.write(principal, [...fresh.values()]);
    const seen = new Set<string>();
    return additions.map((addition) => {
      if (!('externalId' in addition)) return addition;
      const created = !seen.has(addition.externalId);
      seen.add(addition.externalId);
      return { conversationId: made.get(addition.externalId)!, created };
    });
  }

  private async write({ organizationId, id }: Principal, fresh: readonly { history: NewHistory; visitorId: string }[]): Promise<Map<string, string>> {
    if (fresh.length === 0) return new Map();
    const added = await this.conversations.add(organizationId, id, fresh.map(({ history, visitorId }) => ({ ...history.conversation, visitorId })));
    const ids = fresh.map(({ history }, index) => [history.dto.external_id, added[index]!.conversation.id] as const);
    await addRows(this.unitOfWork, 'imported_conversations', ['organization_id', 'external_id', 'conversation_id'], ids.map((row) => [organizationId, ...row]));
    const told = await this.messages.add(added.map(({ conversation }, index) => {
      const { messages, read } = fresh[index]!.history;
      return { conversation, messages, read };
    }));
    const events = added.flatMap((one) => one.events);
    const inTurn = [...events.filter((event) => !ends(event)), ...told, ...events.filter(ends)];
    this.outbox.append(...inTurn.toSorted((a, b) => a.occurredAt - b.occurredAt));
    return new Map(ids);
  }

  private async knownAmong(organizationId: string, externalIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.unitOfWork.query<{ external_id: string; conversation_id: string }>(
      `SELECT external_id, conversation_id FROM imported_conversations WHERE organization_id = ? AND external_id IN (${placeholders(externalIds.length)})`,
      [organizationId, ...externalIds],
    );
    return new Map(rows.map((row) => [row.external_id, row.conversation_id]));
  }

  /** Refuses what is not closed and has a disabled agent: while routing is locked nobody disables another. */
  private async withoutItsAgent(organizationId: string, { conversation: { agentId, status } }: NewHistory): Promise<{ errors: FieldError[] } | null> {
    if (agentId === null || status === 'closed') return null;
    const agent = await this.agents.find(organizationId, agentId);
    if (agent?.enabled === true) return null;
    return { errors: [{ field: 'agent', code: 'agent.not_found', message: `There is no enabled agent ${JSON.stringify(agentId)}.` }] };
  }

  private async visitorOf(principal: Principal, { visitor, visitor_id }: ImportConversationDto): Promise<string | { errors: FieldError[] }> {
    try {
      if (visitor !== undefined) return await this.visitors.upsert(principal, visitor);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { errors: error.details.errors ?? [{ field: 'visitor', code: error.code, message: error.message }] };
    }
    const held = await this.visitors.hold(principal.organizationId, visitor_id!);
    return held ?? { errors: [{ field: 'visitor_id', code: 'visitor.not_found', message: `There is no visitor ${JSON.stringify(visitor_id)}.` }] };
  }
}

/** Comes after the messages of the same instant. */
function ends({ type }: DomainEvent): boolean {
  return type === 'conversation.closed' || type === 'conversation.rated';
}
