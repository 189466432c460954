import { Injectable } from '@nestjs/common';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { VisitorContact } from '../../visitors/visitor-customers.contract.js';
import { emailKey, phoneKey } from '../customers/contact-keys.js';
import { UnlinkedVisitorEntity } from './unlinked-visitor.entity.js';

const STEP = 500;

/** Visitors without a customer, by their phones and emails as these are compared. */
@Injectable()
export class UnlinkedVisitors {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Brings the rows of these visitors up to date, and returns those that can be linked. */
  async refresh(organizationId: string, visitorIds: readonly string[], contacts: readonly VisitorContact[]): Promise<UnlinkedVisitorEntity[]> {
    if (visitorIds.length === 0) return [];
    await this.forget(visitorIds);
    const rows = contacts
      .filter(({ customer_id }) => customer_id === null)
      .map(({ id, mobile, email }) => ({ visitor_id: id, organization_id: organizationId, phone_key: phoneKey(mobile), email_key: emailKey(email) }))
      .filter(({ phone_key, email_key }) => phone_key !== null || email_key !== null);
    if (rows.length > 0) await this.unitOfWork.transaction.insert(UnlinkedVisitorEntity, rows);
    return rows;
  }

  async forget(visitorIds: readonly string[]): Promise<void> {
    if (visitorIds.length === 0) return;
    await this.unitOfWork.write(`DELETE FROM crm_unlinked_visitors WHERE visitor_id IN (${placeholders(visitorIds.length)})`, visitorIds);
  }

  /** Those that have one of these phones or emails, in steps; locked, so that of two units that give these up the later one sees what the other did. */
  async *withContact(organizationId: string, column: 'phone_key' | 'email_key', contacts: readonly string[]): AsyncGenerator<UnlinkedVisitorEntity[]> {
    if (contacts.length === 0) return;
    for (let after = ''; ; ) {
      const rows = await this.unitOfWork.query<UnlinkedVisitorEntity>(
        `SELECT visitor_id, organization_id, phone_key, email_key FROM crm_unlinked_visitors
         WHERE organization_id = ? AND ${column} IN (${placeholders(contacts.length)}) AND visitor_id > ? ORDER BY visitor_id LIMIT ${STEP}${this.unitOfWork.forUpdate}`,
        [organizationId, ...contacts, after],
      );
      if (rows.length > 0) yield rows;
      if (rows.length < STEP) return;
      after = rows.at(-1)!.visitor_id;
    }
  }
}
