import { Injectable } from '@nestjs/common';
import type { Principal } from '../../kernel/principal.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { Authenticator } from './auth.contract.js';
import { invalidCredential } from './credential.js';
import { AccessTokens } from './jwt/access-tokens.js';

@Injectable()
export class AuthenticatorService extends Authenticator {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly accessTokens: AccessTokens,
  ) {
    super();
  }

  async authenticate(credential: string): Promise<Principal> {
    const isApiKey = credential.startsWith('cdk_');
    const principal = isApiKey ? await this.apiKeys.authenticate(credential) : await this.accessTokens.authenticate(credential);
    if (principal === null) throw invalidCredential();
    return principal;
  }
}
