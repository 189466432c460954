import { Injectable } from '@nestjs/common';
import { toInstant } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { addRows } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { ConversationAssignmentEntity } from './conversation-assignment.entity.js';
import type { AssignmentView, ListAssignmentsDto } from './assignments.dto.js';
import { ConversationsRepository } from './conversations.repository.js';

const SORTING: Sorting = { columns: { created_at: 'at' }, default: '-created_at', tieBreaker: 'id' };

const COLUMNS = [
  'id', 'organization_id', 'conversation_id', 'kind', 'agent_id', 'department', 'previous_agent_id', 'previous_department', 'reason', 'actor_id', 'at',
] as const;

export type AssignmentStep = Omit<ConversationAssignmentEntity, 'id'>;

/** The way of each conversation through agents and departments. */
@Injectable()
export class AssignmentHistory {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Part of the unit of the change. */
  async add(step: AssignmentStep): Promise<void> {
    const row = { id: newId('assignment'), ...step };
    await addRows(this.unitOfWork, 'conversation_assignments', COLUMNS, [COLUMNS.map((name) => row[name])]);
  }

  async list(principal: Principal, conversationId: string, filter: ListAssignmentsDto): Promise<Page<AssignmentView>> {
    await this.conversations.get(principal, conversationId);
    const query = this.unitOfWork.manager
      .createQueryBuilder(ConversationAssignmentEntity, 'assignment')
      .where('assignment.organization_id = :organizationId AND assignment.conversation_id = :conversationId', {
        organizationId: principal.organizationId, conversationId,
      });
    if (filter.kind !== undefined) query.andWhere('assignment.kind = :kind', { kind: filter.kind });
    if (filter.agent_id !== undefined) query.andWhere('assignment.agent_id = :agentId', { agentId: filter.agent_id });
    return mapPage(await keysetPage(query, SORTING, filter), toAssignmentView);
  }
}

function toAssignmentView(step: ConversationAssignmentEntity): AssignmentView {
  return {
    id: step.id,
    conversation_id: step.conversation_id,
    kind: step.kind,
    agent_id: step.agent_id,
    department: step.department,
    previous_agent_id: step.previous_agent_id,
    previous_department: step.previous_department,
    reason: step.reason,
    actor_id: step.actor_id,
    created_at: toInstant(step.at),
  };
}
