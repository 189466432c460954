import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import type { LockedConversation } from '../conversations/conversations.contract.js';
import { dueAt, newTicket } from './new-ticket.js';
import { SaveTicket } from './save-ticket.js';
import { actorOf } from './ticket-events.js';
import { TicketReferences } from './ticket-references.js';
import type { Handler } from './ticket-references.js';
import type { CreateTicketDto } from './tickets.dto.js';
import { toTicketView } from './tickets.view.js';
import type { TicketView } from './tickets.view.dto.js';

@Injectable()
export class CreateTicket {
  constructor(
    private readonly references: TicketReferences,
    private readonly save: SaveTicket,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, input: CreateTicketDto): Promise<TicketView> {
    return this.unitOfWork.run(async () => {
      const { ticket_id, handler: named, due_at, department, content, customer_id, ...fields } = input;
      const conversation = await this.references.conversation(principal, input.conversation_id ?? null);
      const { handler, agent_id, ...handling } = await this.references.handler(principal.organizationId, named ?? null);
      const now = this.clock.now();
      const id = newId('ticket');
      const ticket = newTicket(
        {
          ...fields,
          id,
          organization_id: principal.organizationId,
          external_id: this.references.externalId(id, ticket_id ?? id),
          content: content === undefined && conversation !== null ? await this.references.wordsOf(principal, conversation.id) : content ?? null,
          handler,
          agent_id,
          department: department === undefined ? departmentOf(principal, conversation, handling) : department,
          channel: conversation?.channel ?? null,
          visitor_id: conversation?.visitorId ?? null,
          customer_id: customer_id === undefined && conversation !== null ? await this.references.customerOf(principal.organizationId, conversation.visitorId) : customer_id ?? null,
          due_at: dueAt(due_at),
        },
        now,
      );
      this.references.assertWithin(principal, ticket);
      await this.save.insert(ticket, actorOf(principal));
      return toTicketView(ticket, now);
    });
  }
}

/** Where nobody names one: of the conversation, the handler, the caller, and what the caller is confined to, the first that there is. */
function departmentOf(principal: Principal, conversation: LockedConversation | null, handling: Pick<Handler, 'department'>): string | null {
  const scope = principal.application?.dataScope?.departments ?? [];
  return conversation?.department ?? handling.department ?? principal.agent?.department ?? (scope.length === 1 ? scope[0]! : null);
}
