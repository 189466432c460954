import { Injectable } from '@nestjs/common';
import type { Principal } from '../../kernel/principal.js';
import { Invalidation } from '../../platform/cache/invalidation.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AgentAccounts, Authenticator, VisitorAccounts } from './auth.contract.js';
import type { Admission, Grant } from './auth.contract.js';
import { invalidCredential } from './credential.js';
import { AccessTokens } from './jwt/access-tokens.js';
import { RefreshTokens } from './jwt/refresh-tokens.js';
import { VisitorTokensService } from './jwt/visitor-tokens.service.js';
import { OauthGrants } from './oauth2/oauth-grants.js';

@Injectable()
export class AuthenticatorService extends Authenticator {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly accessTokens: AccessTokens,
    private readonly accounts: AgentAccounts,
    private readonly visitorTokens: VisitorTokensService,
    private readonly visitors: VisitorAccounts,
    private readonly sessions: RefreshTokens,
    private readonly oauth: OauthGrants,
    private readonly organizations: Organizations,
    private readonly invalidation: Invalidation,
  ) {
    super();
  }

  async admit(credential: string): Promise<Admission> {
    const grant = await this.grantOf(credential);
    const principal = grant === null ? null : await this.renew(grant);
    if (grant === null || principal === null) throw invalidCredential();
    return { principal, grant };
  }

  async renew(grant: Grant): Promise<Principal | null> {
    const principal = await this.principalOf(grant);
    return principal !== null && (await this.organizations.isOpen(principal.organizationId)) ? principal : null;
  }

  onChange(listener: (subject: string) => void): void {
    this.accounts.onChange(listener);
    this.visitors.onChange(listener);
    this.sessions.onEnd(listener);
    this.apiKeys.onChange(listener);
    this.oauth.onChange(listener);
  }

  onReset(listener: () => void): void {
    this.invalidation.onReset(listener);
    this.oauth.onReset(listener);
  }

  private principalOf(grant: Grant): Promise<Principal | null> {
    switch (grant.kind) {
      case 'api_key':
        return this.apiKeys.principalOf(grant.subject);
      case 'agent':
        return this.accessTokens.principalOf(grant);
      case 'visitor':
        return this.visitorTokens.principalOf(grant);
      case 'oauth':
      case 'issuer':
        return this.oauth.principalOf(grant);
    }
  }

  /** What it looks like decides what it is, as it does for requests. */
  private async grantOf(credential: string): Promise<Grant | null> {
    if (credential.startsWith('cdk_')) return this.apiKeys.grantOf(credential);
    if (this.oauth.isOne(credential)) return this.oauth.grantOf(credential);
    return (await this.accessTokens.grantOf(credential)) ?? this.visitorTokens.grantOf(credential);
  }
}
