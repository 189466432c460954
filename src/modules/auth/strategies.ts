import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import type { Principal } from '../../kernel/principal.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { credentialOf, invalidCredential } from './credential.js';
import { AccessTokens } from './jwt/access-tokens.js';

type Check = (value: string) => Promise<Principal | null>;

async function principalOf(request: FastifyRequest, check: Check): Promise<Principal> {
  const principal = await check(credentialOf(request.headers).value);
  if (principal === null) throw invalidCredential();
  return principal;
}

@Injectable()
export class ApiKeyStrategy extends PassportStrategy(Strategy, 'api-key') {
  constructor(private readonly apiKeys: ApiKeysService) {
    super();
  }

  async validate(request: FastifyRequest): Promise<Principal> {
    return principalOf(request, (key) => this.apiKeys.authenticate(key));
  }
}

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(private readonly accessTokens: AccessTokens) {
    super();
  }

  async validate(request: FastifyRequest): Promise<Principal> {
    return principalOf(request, (token) => this.accessTokens.authenticate(token));
  }
}
