import { AuthorizationServer } from './authorization-server.js';
import { ClientRegistry } from './client-registry.js';
import { Interactions } from './interactions.service.js';
import { Issuer } from './issuer.js';
import { OauthAudit } from './oauth-audit.js';
import { OauthClientsController } from './oauth-clients.controller.js';
import { OauthClientsRepository } from './oauth-clients.repository.js';
import { OauthClientsService } from './oauth-clients.service.js';
import { OauthGrants } from './oauth-grants.js';
import { OauthKeys } from './oauth-keys.js';
import { OauthPayloadCleanup } from './oauth-payload-cleanup.js';
import { OauthPrincipals } from './oauth-principals.js';
import { OauthRoutes } from './oauth-routes.js';
import { OauthClientEntity, OauthKeyEntity, OauthPayloadEntity } from './oauth.entity.js';
import { PayloadStore } from './payload-store.js';
import { TrustedIssuers } from './trusted-issuers.js';

/** What the auth module is made of for OAuth 2. */
export const OAUTH_ENTITIES = [OauthClientEntity, OauthPayloadEntity, OauthKeyEntity];
export const OAUTH_CONTROLLERS = [OauthClientsController];
export const OAUTH_PROVIDERS = [
  Issuer, OauthKeys, PayloadStore, OauthPayloadCleanup, OauthClientsRepository, OauthClientsService, ClientRegistry, OauthAudit, AuthorizationServer, Interactions,
  OauthRoutes, OauthPrincipals, OauthGrants, TrustedIssuers,
];
