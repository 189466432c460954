import { Injectable } from '@nestjs/common';
import { toInstant } from '../../kernel/clock.js';
import { notFound } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { VisitorTokens } from '../auth/auth.contract.js';
import type { VisitorTokenView } from './visitor-token.dto.js';
import { VisitorsRepository } from './visitors.repository.js';

@Injectable()
export class GiveToken {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly tokens: VisitorTokens,
  ) {}

  async give({ organizationId }: Principal, id: string): Promise<VisitorTokenView> {
    const visitor = await this.visitors.find(organizationId, id);
    if (visitor === null) throw notFound('visitor', id);
    const { token, expiresAt, lifetimeSeconds } = await this.tokens.issue({ id: visitor.id, organizationId });
    return { token, visitor_id: visitor.id, expires_in: lifetimeSeconds, expires_at: toInstant(expiresAt) };
  }
}
