import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../../audit/audit.contract.js';
import type { AgentAccount } from '../auth.contract.js';
import { ClientRegistry } from './client-registry.js';
import type { OauthClient } from './oauth-client.js';
import type { Payload } from './payload-store.js';

const ONCE_ONLY: Record<string, string> = { RefreshToken: 'refresh_token', AuthorizationCode: 'code' };

/** What of the authorization server belongs into the audit log beside log-ins: leave that was given, and what may be theft. */
@Injectable()
export class OauthAudit {
  constructor(
    private readonly clients: ClientRegistry,
    private readonly audit: AuditTrail,
  ) {}

  /** In the unit in which the grant is stored. */
  async consentGiven(client: OauthClient, account: AgentAccount, scopes: readonly string[]): Promise<void> {
    const { organizationId, applicationId, id } = client;
    await this.audit.record({
      organizationId, actor: { kind: 'agent', id: account.id, application: null }, action: 'oauth.consent_given',
      target: { type: 'oauth_client', id }, details: { application_id: applicationId, scopes },
    });
  }

  /** A wrong secret; that of a client that does not exist concerns nobody. */
  async clientRefused(clientId: string): Promise<void> {
    await this.suspicion('oauth.client_auth_failed', clientId, {});
  }

  /** What may be used once was shown again, so that its grant ends: somebody else may have it. */
  async reused(kind: string, { clientId, accountId }: Payload): Promise<void> {
    const token = ONCE_ONLY[kind];
    if (token !== undefined) await this.suspicion('oauth.token_reused', String(clientId), { token, agent_id: accountId ?? null });
  }

  private async suspicion(action: string, clientId: string, details: Record<string, unknown>): Promise<void> {
    const client = await this.clients.find(clientId);
    if (client === null) return;
    await this.audit.record({
      organizationId: client.organizationId, actor: 'anonymous', action, target: { type: 'oauth_client', id: client.id },
      details: { application_id: client.applicationId, ...details },
    });
  }
}
