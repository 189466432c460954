import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { Principal } from '../../kernel/principal.js';
import { changeRows, placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { VisitorHoldings } from '../visitors/visitors.contract.js';
import type { VisitorHolding } from '../visitors/visitors.contract.js';
import { ConversationWriter } from './conversation-writer.js';
import { ConversationEntity } from './conversation.entity.js';
import { RoutingService } from './routing.service.js';
import { SubjectWords } from './search/subject-words.js';

const OWN = 'visitor_id = ? AND organization_id = ?';

/** What becomes of conversations when their visitor is merged, or deleted. */
@Injectable()
export class ConversationsOfVisitors implements VisitorHolding {
  readonly name = 'conversations';

  constructor(
    private readonly writer: ConversationWriter,
    private readonly routing: RoutingService,
    private readonly subjects: SubjectWords,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    holdings: VisitorHoldings,
  ) {
    holdings.register(this);
  }

  /** Whoever makes messages or tickets of a conversation has locked it. */
  async lock(organizationId: string, visitorId: string): Promise<void> {
    await this.unitOfWork.query(`SELECT id FROM conversations WHERE ${OWN} ORDER BY id${this.unitOfWork.forUpdate}`, [visitorId, organizationId]);
  }

  async move(organizationId: string, fromId: string, toId: string): Promise<void> {
    await changeRows(this.unitOfWork, `UPDATE conversations SET visitor_id = ? WHERE ${OWN}`, [toId, fromId, organizationId]);
  }

  async owned(organizationId: string, visitorId: string, ids: readonly string[]): Promise<string[]> {
    const candidates = ids.filter((id) => id.startsWith('cnv_'));
    if (candidates.length === 0) return [];
    const sql = `SELECT id FROM conversations WHERE ${OWN} AND id IN (${placeholders(candidates.length)})`;
    return (await this.unitOfWork.query<{ id: string }>(sql, [visitorId, organizationId, ...candidates])).map(({ id }) => id);
  }

  /** Emptied first, so that what is told of their end says nothing personal. */
  async seal(principal: Principal, visitorId: string): Promise<void> {
    const { organizationId } = principal;
    await changeRows(
      this.unitOfWork,
      `UPDATE conversations SET subject = NULL, tags = '[]', metadata = '{}', rating_comment = NULL, erased_at = ? WHERE ${OWN}`,
      [this.clock.now(), visitorId, organizationId],
    );
    const open = await this.unitOfWork.manager
      .createQueryBuilder(ConversationEntity, 'conversation')
      .where("conversation.visitor_id = :visitorId AND conversation.organization_id = :organizationId AND conversation.status <> 'closed'", { visitorId, organizationId })
      .orderBy('conversation.id')
      .getMany();
    for (const before of open) await this.writer.write(before, { ...before, status: 'closed' }, { actorId: principal.id });
    if (open.length > 0) await this.routing.drainQueue(organizationId);
  }

  async erase(organizationId: string, visitorId: string, limit: number): Promise<number> {
    const from = `conversations c ON c.id = found.conversation_id WHERE c.${OWN.replace('AND ', 'AND c.')}`;
    const reasons = await this.unitOfWork.query<{ id: string }>(
      `SELECT found.id FROM conversation_assignments found JOIN ${from} AND found.kind = 'transferred' AND found.reason IS NOT NULL LIMIT ?`,
      [visitorId, organizationId, limit],
    );
    const ids = reasons.map(({ id }) => id);
    await changeRows(this.unitOfWork, `UPDATE conversation_assignments SET reason = NULL WHERE id IN (${placeholders(ids.length)})`, ids);
    const subjects = await this.unitOfWork.query<{ conversation_id: string }>(`SELECT found.conversation_id FROM conversation_search found JOIN ${from} LIMIT ?`, [visitorId, organizationId, limit]);
    await this.subjects.renew(subjects.map(({ conversation_id }) => conversation_id));
    return reasons.length + subjects.length;
  }
}
