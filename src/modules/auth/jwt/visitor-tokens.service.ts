import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { VisitorAccounts, VisitorTokens } from '../auth.contract.js';
import type { Grant, VisitorAccount } from '../auth.contract.js';
import { SignedTokens } from './signed-tokens.js';

const AUDIENCE = 'crossdesk:visitor';
const LIFETIME_SECONDS = 15 * 60;

/** JWTs with which visitors connect. They open sockets and nothing else: the guard of REST asks for another audience. */
@Injectable()
export class VisitorTokensService extends VisitorTokens {
  constructor(
    private readonly tokens: SignedTokens,
    private readonly accounts: VisitorAccounts,
    private readonly clock: Clock,
  ) {
    super();
  }

  async issue({ id, organizationId }: VisitorAccount): Promise<{ token: string; expiresAt: number; lifetimeSeconds: number }> {
    const token = await this.tokens.sign(AUDIENCE, { sub: id, org: organizationId }, LIFETIME_SECONDS);
    return { token, expiresAt: this.clock.now() + LIFETIME_SECONDS * 1000, lifetimeSeconds: LIFETIME_SECONDS };
  }

  /** Null for a token that is forged or expired. */
  async grantOf(token: string): Promise<Grant | null> {
    const claims = await this.tokens.read(AUDIENCE, token);
    return claims === null ? null : { kind: 'visitor', subject: claims.sub, session: null };
  }

  /** A merged visitor is the one that it was merged into; null for one that was deleted. */
  async principalOf({ subject }: Grant): Promise<Principal | null> {
    const account = await this.accounts.findById(subject);
    if (account === null) return null;
    return { kind: 'visitor', id: account.id, organizationId: account.organizationId, scopes: new Set(), operator: false, agent: null, application: null };
  }
}
