import { Injectable } from '@nestjs/common';
import type { Principal } from '../../../kernel/principal.js';
import type { Grant } from '../auth.contract.js';
import { Applications } from '../applications.contract.js';
import { ClientRegistry } from './client-registry.js';
import { OauthPrincipals } from './oauth-principals.js';
import { PayloadStore } from './payload-store.js';
import { TrustedIssuers } from './trusted-issuers.js';

/** Access tokens of OAuth for those who ask again and again whether they still hold: sockets. */
@Injectable()
export class OauthGrants {
  constructor(
    private readonly own: OauthPrincipals,
    private readonly issuers: TrustedIssuers,
    private readonly payloads: PayloadStore,
    private readonly clients: ClientRegistry,
    private readonly applications: Applications,
  ) {}

  /** Whether this is for OAuth to judge; the access tokens of log-ins are JWTs of this service's own. */
  isOne(credential: string): boolean {
    return !credential.includes('.') || this.issuers.claims(credential);
  }

  grantOf(credential: string): Promise<Grant | null> {
    return credential.includes('.') ? this.issuers.grantOf(credential) : this.own.grantOf(credential);
  }

  principalOf(grant: Grant): Promise<Principal | null> {
    return grant.kind === 'issuer' ? this.issuers.principalOf(grant) : this.own.principalOf(grant);
  }

  /** Told of agents and clients whose tokens were revoked. */
  onChange(listener: (subject: string) => void): void {
    this.payloads.onRevoked(listener);
  }

  /** A changed client or application concerns agents that nobody here has a list of; it is rare. */
  onReset(listener: () => void): void {
    this.clients.onChange(listener);
    this.applications.onChange(listener);
  }
}
