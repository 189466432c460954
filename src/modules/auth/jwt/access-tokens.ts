import { Injectable } from '@nestjs/common';
import { scopesOfRole } from '../../../kernel/principal.js';
import type { Principal } from '../../../kernel/principal.js';
import { AgentAccounts } from '../auth.contract.js';
import type { AgentAccount, Grant } from '../auth.contract.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SignedTokens } from './signed-tokens.js';
import type { TokenClaims } from './signed-tokens.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
const AUDIENCE = 'crossdesk:api';

interface Claims extends TokenClaims {
  /** The log-in: when that ends, its access tokens end with it. */
  sid: string;
}

/** Short-lived JWTs of agents. What an agent may do is looked up at each use, never read from the token. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly tokens: SignedTokens,
    private readonly accounts: AgentAccounts,
    private readonly sessions: RefreshTokens,
  ) {}

  async issue(account: AgentAccount, sessionId: string): Promise<string> {
    return this.tokens.sign(AUDIENCE, { sub: account.id, org: account.organizationId, sid: sessionId }, ACCESS_TOKEN_SECONDS);
  }

  /** Null for a token that is forged or expired, or whose agent or log-in has ended. */
  async authenticate(token: string): Promise<Principal | null> {
    const grant = await this.grantOf(token);
    return grant === null ? null : this.principalOf(grant);
  }

  /** Null for a token that is forged or expired. */
  async grantOf(token: string): Promise<Grant | null> {
    const claims = await this.tokens.read<Claims>(AUDIENCE, token);
    return claims === null ? null : { kind: 'agent', subject: claims.sub, session: claims.sid };
  }

  async principalOf({ subject, session }: Grant): Promise<Principal | null> {
    const account = await this.accounts.findById(subject);
    if (account === null || !account.enabled) return null;
    if (session === null || !(await this.sessions.isAlive(account.id, session))) return null;
    return {
      kind: 'agent',
      id: account.id,
      organizationId: account.organizationId,
      scopes: scopesOfRole(account.role),
      operator: false,
      agent: { role: account.role, department: account.department },
      session,
      application: null,
    };
  }
}
