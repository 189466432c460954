import type { OauthClientEntity } from './oauth.entity.js';

export const GRANT_TYPES = ['authorization_code', 'client_credentials', 'refresh_token'] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** A client as those need to know it who are shown its tokens. */
export interface OauthClient {
  id: string;
  organizationId: string;
  applicationId: string;
  name: string;
  redirectUris: string[];
  grantTypes: GrantType[];
  authMethod: AuthMethod;
  /** With the time until which each is accepted; null for ever. */
  secrets: { hash: string; expiresAt: number | null }[];
}

export function toClient(row: OauthClientEntity): OauthClient {
  return {
    id: row.id,
    organizationId: row.organization_id,
    applicationId: row.application_id,
    name: row.name,
    redirectUris: row.redirect_uris,
    grantTypes: row.grant_types as GrantType[],
    authMethod: row.token_endpoint_auth_method as AuthMethod,
    secrets: [
      ...(row.secret_hash === null ? [] : [{ hash: row.secret_hash, expiresAt: null }]),
      ...(row.previous_secret_hash === null ? [] : [{ hash: row.previous_secret_hash, expiresAt: row.previous_secret_expires_at }]),
    ],
  };
}
