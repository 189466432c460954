import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { scopesOfRole } from '../../../kernel/principal.js';
import type { Principal } from '../../../kernel/principal.js';
import { AgentAccounts } from '../auth.contract.js';
import type { AgentAccount } from '../auth.contract.js';
import { TokenKeys } from './token-keys.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
const ISSUER = 'crossdesk';
const AUDIENCE = 'crossdesk:api';

interface Claims {
  sub: string;
  org: string;
}

/** Short-lived JWTs of agents. What an agent may do is looked up at each use, never read from the token. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: TokenKeys,
    private readonly accounts: AgentAccounts,
  ) {}

  async issue(account: AgentAccount): Promise<string> {
    const key = await this.keys.current();
    return this.jwt.sign({ sub: account.id, org: account.organizationId }, {
      secret: key.secret as unknown as Buffer, keyid: key.id, algorithm: 'HS256', expiresIn: ACCESS_TOKEN_SECONDS, issuer: ISSUER, audience: AUDIENCE,
    });
  }

  /** Null for a token that is forged, expired, or of an agent who may no longer log in. */
  async authenticate(token: string): Promise<Principal | null> {
    const claims = await this.verify(token);
    if (claims === null) return null;
    const account = await this.accounts.findById(claims.sub);
    if (account === null || !account.enabled || account.organizationId !== claims.org) return null;
    return {
      kind: 'agent',
      id: account.id,
      organizationId: account.organizationId,
      scopes: scopesOfRole(account.role),
      operator: false,
      agent: { role: account.role, department: account.department },
    };
  }

  private async verify(token: string): Promise<Claims | null> {
    try {
      const header = (this.jwt.decode(token, { complete: true }) as { header?: { kid?: unknown } } | null)?.header;
      const key = typeof header?.kid === 'string' ? await this.keys.find(header.kid) : null;
      if (key === null) return null;
      return this.jwt.verify<Claims & object>(token, { secret: key.secret as unknown as Buffer, algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE });
    } catch {
      return null;
    }
  }
}
