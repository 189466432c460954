import { Injectable } from '@nestjs/common';
import { notFound } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { addRows, placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import type { Actor } from './ticket-events.js';
import { TicketChangeEntity, TicketCommentEntity } from './ticket-log.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };
const COMMENT_COLUMNS = ['id', 'ticket_id', 'content', 'author_type', 'author_id', 'author_name', 'created_at'] as const;
const CHANGE_COLUMNS = ['id', 'ticket_id', 'field', 'old_value', 'new_value', 'changed_by', 'application_id', 'created_at'] as const;

export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** What was said about tickets, and what was changed. Whoever asks has found the ticket, and so may see it. */
@Injectable()
export class TicketLogRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async addComment(comment: TicketCommentEntity): Promise<void> {
    await addRows(this.unitOfWork, 'ticket_comments', COMMENT_COLUMNS, [COMMENT_COLUMNS.map((column) => comment[column])]);
  }

  /** Returns it without its content; null where there is none of this id. */
  async emptyComment(ticketId: string, id: string): Promise<TicketCommentEntity | null> {
    const comment = await this.unitOfWork.manager.findOneBy(TicketCommentEntity, { ticket_id: ticketId, id });
    if (comment === null) return null;
    await this.unitOfWork.write("UPDATE ticket_comments SET content = '' WHERE id = ?", [id]);
    return { ...comment, content: '' };
  }

  async getComment(ticketId: string, id: string): Promise<TicketCommentEntity> {
    const comment = await this.unitOfWork.manager.findOneBy(TicketCommentEntity, { ticket_id: ticketId, id });
    if (comment === null) throw notFound('comment', id);
    return comment;
  }

  async listComments(ticketId: string, page: PageQuery): Promise<Page<TicketCommentEntity>> {
    const query = this.unitOfWork.manager.createQueryBuilder(TicketCommentEntity, 'ticket_comment').where('ticket_comment.ticket_id = :ticketId', { ticketId });
    return keysetPage(query, SORTING, page);
  }

  async addChanges(ticketId: string, changes: readonly FieldChange[], { id, applicationId }: Actor, now: number): Promise<void> {
    const rows = changes.map(({ field, from, to }) => [newId('ticketChange'), ticketId, field, JSON.stringify(from), JSON.stringify(to), id, applicationId, now]);
    await addRows(this.unitOfWork, 'ticket_changes', CHANGE_COLUMNS, rows);
  }

  /** Takes out of the history what the ticket began with, and returns those of the fields that were changed since. */
  async forgetFirstValues(ticketId: string, fields: readonly string[]): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string; field: string }>(
      `SELECT id, field FROM ticket_changes WHERE ticket_id = ? AND field IN (${placeholders(fields.length)}) ORDER BY created_at, id`,
      [ticketId, ...fields],
    );
    const first = fields.flatMap((field) => rows.find((row) => row.field === field) ?? []);
    if (first.length > 0) await this.unitOfWork.write(`UPDATE ticket_changes SET old_value = 'null' WHERE id IN (${placeholders(first.length)})`, first.map(({ id }) => id));
    return first.map(({ field }) => field);
  }

  async listChanges(ticketId: string, page: PageQuery): Promise<Page<TicketChangeEntity>> {
    const query = this.unitOfWork.manager.createQueryBuilder(TicketChangeEntity, 'ticket_change').where('ticket_change.ticket_id = :ticketId', { ticketId });
    return keysetPage(query, SORTING, page);
  }
}
