import { toInstant } from '../../../kernel/clock.js';
import type { AuthMethod, GrantType } from './oauth-client.js';
import type { OauthClientView } from './oauth-clients.dto.js';
import type { OauthClientEntity } from './oauth.entity.js';

export function toOauthClientView(row: OauthClientEntity): OauthClientView {
  return {
    id: row.id,
    client_id: row.id,
    application_id: row.application_id,
    name: row.name,
    redirect_uris: row.redirect_uris,
    grant_types: row.grant_types as GrantType[],
    token_endpoint_auth_method: row.token_endpoint_auth_method as AuthMethod,
    previous_secret_expires_at: toInstant(row.previous_secret_expires_at),
    last_used_at: toInstant(row.last_used_at),
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
  };
}
