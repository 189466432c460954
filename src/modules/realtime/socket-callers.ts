import { Injectable } from '@nestjs/common';
import { DomainError } from '../../kernel/domain-error.js';
import { hasScope } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { requireAllowedAddress } from '../../platform/addresses/address-allowlist.js';
import { RequestLimits, requireStanding } from '../../platform/limits/request-limits.js';
import { Authenticator } from '../auth/auth.contract.js';
import type { Client } from './connections.js';

/** Who asks, looked up for each request as for REST: a word of a change may have been lost. */
@Injectable()
export class SocketCallers {
  private whenInvalid: (client: Client) => void = () => undefined;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: RequestLimits,
  ) {}

  /** What becomes of a socket whose credential is found to be no longer valid. */
  onInvalid(listener: (client: Client) => void): void {
    this.whenInvalid = listener;
  }

  async allow(client: Client, scope: string): Promise<Principal> {
    const principal = await this.identified(client);
    if (!hasScope(principal, scope)) throw new DomainError('forbidden', 'auth.scope_missing', `This needs the scope ${scope}.`);
    return principal;
  }

  /** For requests that visitors may make, too: what they see and do is confined to their own conversations. */
  async allowWithVisitors(client: Client, scope: string): Promise<Principal> {
    return client.data.grant.kind === 'visitor' ? this.identified(client) : this.allow(client, scope);
  }

  /** Any caller, whatever its scopes. */
  async identified(client: Client): Promise<Principal> {
    const principal = await this.authenticator.renew(client.data.grant);
    if (principal === null) {
      this.whenInvalid(client);
      throw new DomainError('unauthenticated', 'auth.credential_invalid', 'The credential is unknown, expired or revoked.');
    }
    requireAllowedAddress(principal, () => client.data.address);
    const counted = this.limits.ofCaller(principal);
    if (counted !== null) requireStanding(await counted);
    return principal;
  }
}
