import { Injectable } from '@nestjs/common';
import type { Principal } from '../../kernel/principal.js';
import { Invalidation } from '../../platform/cache/invalidation.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AgentAccounts, Authenticator } from './auth.contract.js';
import type { Admission, Grant } from './auth.contract.js';
import { invalidCredential } from './credential.js';
import { AccessTokens } from './jwt/access-tokens.js';
import { RefreshTokens } from './jwt/refresh-tokens.js';

@Injectable()
export class AuthenticatorService extends Authenticator {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly accessTokens: AccessTokens,
    private readonly accounts: AgentAccounts,
    private readonly sessions: RefreshTokens,
    private readonly invalidation: Invalidation,
  ) {
    super();
  }

  async admit(credential: string): Promise<Admission> {
    const grant = credential.startsWith('cdk_') ? this.apiKeys.grantOf(credential) : await this.accessTokens.grantOf(credential);
    const principal = grant === null ? null : await this.renew(grant);
    if (grant === null || principal === null) throw invalidCredential();
    return { principal, grant };
  }

  renew(grant: Grant): Promise<Principal | null> {
    return grant.kind === 'api_key' ? this.apiKeys.principalOf(grant.subject) : this.accessTokens.principalOf(grant);
  }

  onChange(listener: (subject: string) => void): void {
    this.accounts.onChange(listener);
    this.sessions.onEnd(listener);
    this.apiKeys.onChange(listener);
  }

  onReset(listener: () => void): void {
    this.invalidation.onReset(listener);
  }
}
