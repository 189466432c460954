import { Injectable } from '@nestjs/common';
import { DomainError, excerpt, invalidField } from '../../kernel/domain-error.js';
import { hasScope, mayBeSeen, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { AgentAccounts } from '../auth/auth.contract.js';
import { Conversations } from '../conversations/conversations.contract.js';
import type { LockedConversation } from '../conversations/conversations.contract.js';
import { Messages } from '../messages/messages.contract.js';
import { VisitorCustomers } from '../visitors/visitor-customers.contract.js';
import { Visitors } from '../visitors/visitors.contract.js';
import { ticketSubject } from './ticket-events.js';
import type { TicketEntity } from './ticket.entity.js';
import { MAX_CONTENT_CHARACTERS } from './tickets.dto.js';
import { OWN_ID } from './tickets.repository.js';

const AGENT_ID = /^agt_[0-9a-z]{26}$/;
/** So many messages are looked at for what a visitor wrote. */
const MESSAGES = 200;

export interface Handler {
  handler: string | null;
  agent_id: string | null;
  /** The agent's. */
  department: string | null;
}

/** What a ticket points at: it has to be there, and to be the caller's to see. */
@Injectable()
export class TicketReferences {
  constructor(
    private readonly agents: AgentAccounts,
    private readonly conversations: Conversations,
    private readonly messages: Messages,
    private readonly customers: VisitorCustomers,
    private readonly visitors: Visitors,
  ) {}

  /** Whatever does not look like an agent's id is the name of somebody in another system. An agent is not disabled until the unit ends. */
  async handler(organizationId: string, handler: string | null): Promise<Handler> {
    if (handler === null || !AGENT_ID.test(handler)) return { handler, agent_id: null, department: null };
    const agent = await this.agents.lock(organizationId, handler);
    if (agent?.enabled !== true) throw invalidField('handler', 'agent.not_found', `There is no enabled agent ${JSON.stringify(handler)}.`);
    return { handler, agent_id: agent.id, department: agent.department };
  }

  /** As `handler`: an agent who is at work remains so until the unit ends. */
  async isAtWork(organizationId: string, agentId: string): Promise<boolean> {
    return (await this.agents.lock(organizationId, agentId))?.enabled === true;
  }

  /** Before its tickets, as messages that become tickets and merges of visitors lock it: nobody waits for each other. */
  async lockConversation(id: string): Promise<void> {
    await this.conversations.lock([id]);
  }

  async conversation(principal: Principal, id: string | null): Promise<LockedConversation | null> {
    if (id === null) return null;
    const conversation = (await this.conversations.lock([id])).get(id);
    if (conversation === undefined || !this.conversations.isVisible(principal, conversation)) {
      throw invalidField('conversation_id', 'conversation.not_found', `There is no conversation ${JSON.stringify(excerpt(id))}.`);
    }
    // Its messages are still being erased, and nobody would erase what a ticket copies of them.
    if ((await this.visitors.idOf(conversation.organizationId, conversation.visitorId)) === null) {
      throw new DomainError('conflict', 'conversation.erased', 'The data of this conversation was erased with its visitor.');
    }
    return conversation;
  }

  /** What a visitor said is found, and erased, by the visitor of the ticket: that stays the same person. */
  async assertSameVisitor({ organization_id, visitor_id }: TicketEntity, { visitorId }: LockedConversation): Promise<void> {
    if (visitor_id === null || visitor_id === visitorId || (await this.visitors.idOf(organization_id, visitor_id)) === visitorId) return;
    throw new DomainError('conflict', 'ticket.other_visitor', 'The ticket may hold words of another visitor; make another ticket for this conversation.');
  }

  /** What the visitor wrote, the oldest first; null for nothing, and for callers who may not read messages. */
  async wordsOf(principal: Principal, conversationId: string): Promise<string | null> {
    if (!hasScope(principal, 'messages:read')) return null;
    const { messages } = await this.messages.listAfter(principal, conversationId, 0, MESSAGES);
    const texts = messages.flatMap(({ sender, type, content }) => (sender.type === 'visitor' && type === 'text' && typeof content === 'string' ? [content] : []));
    const words = [...texts.join('\n')].slice(0, MAX_CONTENT_CHARACTERS).join('');
    return words === '' ? null : words;
  }

  /** The customer that a visitor is, by the id that the CRM gave. */
  async customerOf(organizationId: string, visitorId: string): Promise<string | null> {
    const [visitor] = await this.customers.contactsOf(organizationId, [visitorId]);
    return visitor?.customer_id ?? null;
  }

  /** Of the ids that look like ours a ticket has its own only: a path must name one ticket. */
  externalId(own: string, given: string): string {
    if (given === own || !OWN_ID.test(given)) return given;
    throw invalidField('ticket_id', 'ticket.ticket_id_reserved', 'Ids of this form are given by the service.');
  }

  /** A program that is confined makes nothing that it could not see afterwards. */
  assertWithin(principal: Principal, ticket: TicketEntity): void {
    const { within } = visibilityOf(principal);
    if (mayBeSeen({ kind: 'all', ...(within !== undefined && { within }) }, ticketSubject(ticket))) return;
    throw new DomainError('forbidden', 'ticket.data_scope_exceeded', 'The ticket would belong to what this credential does not see: name a department, conversation or handler within its data scope.');
  }
}
