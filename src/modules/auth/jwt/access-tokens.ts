import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock, toUnixSeconds } from '../../../kernel/clock.js';
import { scopesOfRole } from '../../../kernel/principal.js';
import type { Principal } from '../../../kernel/principal.js';
import { AgentAccounts } from '../auth.contract.js';
import type { AgentAccount, Grant } from '../auth.contract.js';
import { RefreshTokens } from './refresh-tokens.js';
import { TokenKeys } from './token-keys.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
const ISSUER = 'crossdesk';
const AUDIENCE = 'crossdesk:api';

interface Claims {
  sub: string;
  org: string;
  /** The log-in: when that ends, its access tokens end with it. */
  sid: string;
  iat: number;
  exp: number;
}

/** Short-lived JWTs of agents. What an agent may do is looked up at each use, never read from the token. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: TokenKeys,
    private readonly accounts: AgentAccounts,
    private readonly sessions: RefreshTokens,
    private readonly clock: Clock,
  ) {}

  async issue(account: AgentAccount, sessionId: string): Promise<string> {
    const key = await this.keys.current();
    const iat = toUnixSeconds(this.clock.now());
    const claims: Claims = { sub: account.id, org: account.organizationId, sid: sessionId, iat, exp: iat + ACCESS_TOKEN_SECONDS };
    return this.jwt.sign(claims, { secret: key.secret as unknown as Buffer, keyid: key.id, algorithm: 'HS256', issuer: ISSUER, audience: AUDIENCE });
  }

  /** Null for a token that is forged or expired, or whose agent or log-in has ended. */
  async authenticate(token: string): Promise<Principal | null> {
    const grant = await this.grantOf(token);
    return grant === null ? null : this.principalOf(grant);
  }

  /** Null for a token that is forged or expired. */
  async grantOf(token: string): Promise<Grant | null> {
    const claims = await this.verify(token);
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

  private async verify(token: string): Promise<Claims | null> {
    try {
      const header = (this.jwt.decode(token, { complete: true }) as { header?: { kid?: unknown } } | null)?.header;
      const key = typeof header?.kid === 'string' ? await this.keys.find(header.kid) : null;
      if (key === null) return null;
      return this.jwt.verify<Claims>(token, {
        secret: key.secret as unknown as Buffer, algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE, clockTimestamp: toUnixSeconds(this.clock.now()),
      });
    } catch {
      return null;
    }
  }
}
