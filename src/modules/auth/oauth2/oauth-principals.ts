import { Injectable } from '@nestjs/common';
import { scopesOfRole } from '../../../kernel/principal.js';
import type { Principal } from '../../../kernel/principal.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { AgentAccounts } from '../auth.contract.js';
import type { Grant } from '../auth.contract.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { scopesWithin } from '../applications/confinement.js';
import { RefreshTokens } from '../jwt/refresh-tokens.js';
import { ClientRegistry } from './client-registry.js';
import { Issuer } from './issuer.js';
import { PayloadStore } from './payload-store.js';
import type { StoredToken } from './payload-store.js';

/** As oidc-provider makes them: 256 bits of chance. */
const OPAQUE_TOKEN = /^[\w-]{43}$/;

/**
 * Who presents an access token of this service. What it may do is looked up at each use: no more than the token says, than
 * the application may do now, and for an agent than its role allows now.
 */
@Injectable()
export class OauthPrincipals {
  constructor(
    private readonly payloads: PayloadStore,
    private readonly clients: ClientRegistry,
    private readonly applications: Applications,
    private readonly accounts: AgentAccounts,
    private readonly issuer: Issuer,
    refreshTokens: RefreshTokens,
  ) {
    refreshTokens.whenRevoked((agentId) => payloads.deleteOfAgent(agentId));
  }

  /** Null for a token that is unknown, expired or revoked, or that belongs to nobody any more. */
  async authenticate(token: string): Promise<Principal | null> {
    const grant = await this.grantOf(token);
    return grant === null ? null : this.principalOf(grant);
  }

  async grantOf(token: string): Promise<Grant | null> {
    if (!OPAQUE_TOKEN.test(token)) return null;
    const hash = sha256(token);
    const stored = await this.payloads.findToken(hash);
    return stored === null ? null : { kind: 'oauth', subject: stored.agentId ?? stored.clientId, session: hash };
  }

  async principalOf({ session }: Grant): Promise<Principal | null> {
    const token = session === null ? null : await this.payloads.findToken(session);
    if (token === null || !this.issuer.isAudience(token.audience)) return null;
    const client = await this.clients.find(token.clientId);
    const application = client === null ? null : await this.applications.find(client.applicationId);
    if (client === null || application === null || !application.enabled) return null;
    return token.agentId === null ? ofClient(client.id, token.scopes, application) : this.ofAgent(token.agentId, token, application);
  }

  private async ofAgent(agentId: string, { scopes }: StoredToken, application: ApplicationState): Promise<Principal | null> {
    const account = await this.accounts.findById(agentId);
    if (account === null || !account.enabled || account.organizationId !== application.organizationId) return null;
    return {
      kind: 'agent',
      id: account.id,
      organizationId: account.organizationId,
      scopes: scopesWithin(scopesWithin(scopes, application.scopes), scopesOfRole(account.role)),
      operator: false,
      agent: { role: account.role, department: account.department },
      application: application.grant,
    };
  }
}

/** A program that acts for its application. */
export function ofClient(clientId: string, scopes: Iterable<string>, application: ApplicationState): Principal {
  return {
    kind: 'oauth_client',
    id: clientId,
    organizationId: application.organizationId,
    scopes: scopesWithin(scopes, application.scopes),
    operator: false,
    agent: null,
    application: application.grant,
  };
}
