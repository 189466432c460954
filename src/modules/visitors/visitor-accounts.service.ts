import { Injectable } from '@nestjs/common';
import { Cache } from '../../platform/cache/cache.js';
import { Invalidation } from '../../platform/cache/invalidation.js';
import { VisitorAccounts } from '../auth/auth.contract.js';
import type { VisitorAccount } from '../auth/auth.contract.js';
import { VisitorsRepository } from './visitors.repository.js';

const TOPIC = 'visitor';

@Injectable()
export class VisitorAccountsService extends VisitorAccounts {
  private readonly accounts: Cache<VisitorAccount>;

  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly invalidation: Invalidation,
  ) {
    super();
    this.accounts = new Cache<VisitorAccount>(TOPIC, invalidation, { max: 20_000, ttlMs: 10_000 });
  }

  async findById(visitorId: string): Promise<VisitorAccount | null> {
    return this.accounts.get(visitorId, async () => {
      const visitor = await this.visitors.findById(visitorId);
      return visitor === null ? null : { id: visitor.id, organizationId: visitor.organization_id };
    });
  }

  /** Call it after the commit of a merge or a deletion, for each id that is answered for in another way now. */
  forget(visitorId: string): void {
    this.accounts.forget(visitorId);
  }

  onChange(listener: (visitorId: string) => void): void {
    this.invalidation.onInvalidate((topic, visitorId) => {
      if (topic === TOPIC) listener(visitorId);
    });
  }
}
