import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import type { Principal } from '../../kernel/principal.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { credentialOf, invalidCredential } from './credential.js';
import type { Credential } from './credential.js';
import { AccessTokens } from './jwt/access-tokens.js';
import { OauthPrincipals } from './oauth2/oauth-principals.js';
import { TrustedIssuers } from './oauth2/trusted-issuers.js';
import { SignatureVerifier } from './signature/signature-verifier.js';

type Check = (value: string, request: FastifyRequest) => Promise<Principal | null>;

let applications = 0;

/**
 * One Passport strategy for each kind of credential. Passport knows them by name in one table of the process, so each
 * application takes names of its own: two in one process must not answer for each other.
 */
@Injectable()
export class CredentialStrategies {
  readonly names: Readonly<Record<Credential['kind'], string>>;

  constructor(
    private readonly apiKeys: ApiKeysService,
    accessTokens: AccessTokens,
    signatures: SignatureVerifier,
    oauth: OauthPrincipals,
    issuers: TrustedIssuers,
  ) {
    const application = ++applications;
    this.names = {
      'api-key': register(`api-key-${application}`, (key) => apiKeys.authenticate(key)),
      signature: register(`signature-${application}`, (_value, request) => signatures.authenticate(request)),
      jwt: register(`jwt-${application}`, (token) => (issuers.claims(token) ? issuers : accessTokens).authenticate(token)),
      oauth: register(`oauth-${application}`, (token) => oauth.authenticate(token)),
    };
  }

  /** Spares Passport the way for an API key whose verification is still cached; null otherwise. */
  verified({ kind, value }: Credential): Principal | null {
    return kind === 'api-key' ? this.apiKeys.verified(value) : null;
  }
}

function register(name: string, check: Check): string {
  class CredentialStrategy extends PassportStrategy(Strategy, name) {
    async validate(request: FastifyRequest): Promise<Principal> {
      const principal = await check(credentialOf(request.raw).value, request);
      if (principal === null) throw invalidCredential();
      return principal;
    }
  }
  new CredentialStrategy();
  return name;
}
