import { Injectable } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { Config } from '../../../platform/config/config.js';
import type { Grant } from '../auth.contract.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { ClientRegistry } from './client-registry.js';
import { Issuer } from './issuer.js';
import { IssuerMetadata, IssuerUnavailable, fetchWithin } from './issuer-metadata.js';
import { ofClient } from './oauth-principals.js';

/** No `none`, and no HS…: a public key would be taken for a shared secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const CLOCK_TOLERANCE_SECONDS = 5;
/** Keys that are not known are asked for again after this time at the earliest. */
const REFETCH_AFTER_MS = 60_000;
const KEYS_ARE_KEPT_MS = 10 * 60_000;
const TIMEOUT_MS = 5000;

type KeySource = ReturnType<typeof createRemoteJWKSet>;

/** What is kept of a token from outside; the rest is looked up at each use. */
interface Verified {
  scopes: string[];
  expiresAt: number;
}

/** Access tokens of issuers that the operator trusts (RFC 9068). */
@Injectable()
export class TrustedIssuers {
  private readonly keys = new Map<string, KeySource>();
  private readonly metadata: IssuerMetadata;

  constructor(
    private readonly config: Config,
    private readonly clients: ClientRegistry,
    private readonly applications: Applications,
    private readonly issuer: Issuer,
    private readonly clock: Clock,
  ) {
    this.metadata = new IssuerMetadata(clock);
  }

  /** Whether a token says that one of them made it; that alone decides who checks it. */
  claims(token: string): boolean {
    return this.issuerOf(token) !== null;
  }

  async authenticate(token: string): Promise<Principal | null> {
    const grant = await this.grantOf(token);
    return grant === null ? null : this.principalOf(grant);
  }

  /** Null for a token that is forged, expired, for somebody else, or of no client. */
  async grantOf(token: string): Promise<Grant | null> {
    const claims = await this.verify(token);
    const client = claims?.['client_id'] ?? claims?.['azp'];
    if (claims === null || typeof client !== 'string') return null;
    const verified: Verified = { scopes: scopesOf(claims), expiresAt: claims.exp! * 1000 };
    return { kind: 'issuer', subject: client, session: JSON.stringify(verified) };
  }

  async principalOf({ subject, session }: Grant): Promise<Principal | null> {
    const { scopes, expiresAt } = JSON.parse(session!) as Verified;
    if (expiresAt + CLOCK_TOLERANCE_SECONDS * 1000 <= this.clock.now()) return null;
    const application = await this.applicationOf(subject);
    return application === null || !application.enabled ? null : ofClient(subject, scopes, application);
  }

  /** Outside they are named by a client of theirs here, or by the application itself. */
  private async applicationOf(id: string): Promise<ApplicationState | null> {
    const client = await this.clients.find(id);
    return this.applications.find(client?.applicationId ?? id);
  }

  private issuerOf(token: string): string | null {
    try {
      const { iss } = decodeJwt(token);
      return iss !== undefined && this.config.values.OAUTH_TRUSTED_ISSUERS.includes(iss) ? iss : null;
    } catch {
      return null;
    }
  }

  private async verify(token: string): Promise<JWTPayload | null> {
    const issuer = this.issuerOf(token);
    if (issuer === null) return null;
    try {
      const { payload } = await jwtVerify(token, await this.keysOf(issuer), {
        issuer, audience: this.issuer.audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS, requiredClaims: ['exp'],
        currentDate: new Date(this.clock.now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof IssuerUnavailable || error instanceof errors.JWKSInvalid || error instanceof errors.JWKSTimeout) {
        throw new DomainError('unavailable', 'auth.issuer_unavailable', 'The keys of the issuer of this token cannot be fetched at the moment.');
      }
      // Everything else is a fault of the token, whatever made it.
      return null;
    }
  }

  private async keysOf(issuer: string): Promise<KeySource> {
    const known = this.keys.get(issuer);
    if (known !== undefined) return known;
    const source = createRemoteJWKSet(await this.metadata.jwksUriOf(issuer), {
      cooldownDuration: REFETCH_AFTER_MS, cacheMaxAge: KEYS_ARE_KEPT_MS, timeoutDuration: TIMEOUT_MS, [customFetch]: fetchWithin,
    });
    this.keys.set(issuer, source);
    return source;
  }
}

function scopesOf({ scope, scp }: JWTPayload): string[] {
  const named = scope ?? scp;
  if (typeof named === 'string') return named.split(' ').filter((name) => name !== '');
  return Array.isArray(named) ? named.filter((name) => typeof name === 'string') : [];
}
