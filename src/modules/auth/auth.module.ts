import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { ApiKeyEntity } from './api-keys/api-key.entity.js';
import { ApiKeyCleanup } from './api-keys/api-key-cleanup.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { ApplicationKeysController } from './api-keys/application-keys.controller.js';
import { ApplicationKeysService } from './api-keys/application-keys.service.js';
import { OrganizationKeysController } from './api-keys/organization-keys.controller.js';
import { OrganizationKeysService } from './api-keys/organization-keys.service.js';
import { Applications } from './applications.contract.js';
import { ApplicationDirectory } from './applications/application-directory.js';
import { ApplicationEntity } from './applications/application.entity.js';
import { ApplicationsController } from './applications/applications.controller.js';
import { ApplicationsRepository } from './applications/applications.repository.js';
import { ApplicationsService } from './applications/applications.service.js';
import { KeyUsage } from './applications/key-usage.js';
import { ApiKeys, Authenticator, Passwords, Sessions, VisitorTokens } from './auth.contract.js';
import { AuthenticatorService } from './authenticator.service.js';
import { CredentialGuard } from './credential.guard.js';
import { AccessTokens } from './jwt/access-tokens.js';
import { AuthController } from './jwt/auth.controller.js';
import { ChangePassword } from './jwt/change-password.js';
import { LoginService } from './jwt/login.service.js';
import { RefreshTokenCleanup } from './jwt/refresh-token-cleanup.js';
import { RefreshTokens } from './jwt/refresh-tokens.js';
import { SignedTokens } from './jwt/signed-tokens.js';
import { TokenKeys } from './jwt/token-keys.js';
import { RefreshTokenEntity, TokenKeyEntity } from './jwt/token.entity.js';
import { VisitorTokensService } from './jwt/visitor-tokens.service.js';
import { KnownAddressCleanup } from './login-throttle/known-address-cleanup.js';
import { KnownAddressEntity } from './login-throttle/known-address.entity.js';
import { KnownAddresses } from './login-throttle/known-addresses.js';
import { LoginThrottle } from './login-throttle/login-throttle.js';
import { OAUTH_CONTROLLERS, OAUTH_ENTITIES, OAUTH_PROVIDERS } from './oauth2/oauth2.parts.js';
import { PasswordsService } from './passwords.service.js';
import { SignatureVerifier } from './signature/signature-verifier.js';
import { SigningKeyCleanup } from './signature/signing-key-cleanup.js';
import { SigningKeyEntity } from './signature/signing-key.entity.js';
import { SigningKeysController } from './signature/signing-keys.controller.js';
import { SigningKeysRepository } from './signature/signing-keys.repository.js';
import { SigningKeysService } from './signature/signing-keys.service.js';
import { SigningKeys } from './signature/signing-keys.js';
import { CredentialStrategies } from './strategies.js';

@Module({
  imports: [
    AuditModule,
    OrganizationsModule,
    PassportModule.register({ session: false }),
    JwtModule.register({}),
    TypeOrmModule.forFeature([...OAUTH_ENTITIES, ApiKeyEntity, ApplicationEntity, RefreshTokenEntity, TokenKeyEntity, KnownAddressEntity, SigningKeyEntity]),
  ],
  controllers: [ApplicationsController, ApplicationKeysController, OrganizationKeysController, AuthController, SigningKeysController, ...OAUTH_CONTROLLERS],
  providers: [
    ApplicationsRepository,
    ApplicationDirectory,
    ApplicationsService,
    { provide: Applications, useExisting: ApplicationDirectory },
    ApiKeysRepository,
    ApiKeysService,
    ApplicationKeysService,
    OrganizationKeysService,
    KeyUsage,
    ApiKeyCleanup,
    RefreshTokens,
    RefreshTokenCleanup,
    TokenKeys,
    SignedTokens,
    AccessTokens,
    VisitorTokensService,
    KnownAddresses,
    KnownAddressCleanup,
    LoginThrottle,
    LoginService,
    ChangePassword,
    SigningKeysRepository,
    SigningKeys,
    SigningKeysService,
    SigningKeyCleanup,
    SignatureVerifier,
    CredentialStrategies,
    ...OAUTH_PROVIDERS,
    { provide: ApiKeys, useExisting: ApiKeysService },
    { provide: Sessions, useExisting: RefreshTokens },
    { provide: VisitorTokens, useExisting: VisitorTokensService },
    { provide: Passwords, useClass: PasswordsService },
    { provide: Authenticator, useClass: AuthenticatorService },
    { provide: APP_GUARD, useClass: CredentialGuard },
  ],
  exports: [ApiKeys, Applications, Authenticator, Passwords, Sessions, VisitorTokens],
})
export class AuthModule {}
