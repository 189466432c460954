import type { SecuritySchemeObject } from '@nestjs/swagger';
import { ALL_SCOPES } from '../../kernel/principal.js';
import type { Config } from '../../platform/config/config.js';

const DESCRIPTION = `An access token of OAuth 2 as \`Authorization: Bearer\`, for an OAuth client of an application. Metadata (RFC 8414) is at \`/.well-known/oauth-authorization-server\`; \`/oauth/introspect\` (RFC 7662), \`/oauth/revoke\` (RFC 7009) and \`/oauth/jwks\` stand beside \`/oauth/authorize\` and \`/oauth/token\`. Codes need PKCE with S256, refresh tokens can be used once. A token may do what the request named, as far as the application may, and for an agent as far as the agent's role goes.`;

/** How a program gets tokens, for the OpenAPI document. */
export function oauthScheme({ values }: Config): SecuritySchemeObject {
  const base = (values.PUBLIC_URL ?? '').replace(/\/+$/, '');
  const scopes = Object.fromEntries(ALL_SCOPES.map((scope) => [scope, wordsOf(scope)]));
  const [authorizationUrl, tokenUrl] = [`${base}/oauth/authorize`, `${base}/oauth/token`];
  return {
    type: 'oauth2',
    description: DESCRIPTION,
    flows: { clientCredentials: { tokenUrl, scopes }, authorizationCode: { authorizationUrl, tokenUrl, refreshUrl: tokenUrl, scopes } },
  };
}

function wordsOf(scope: string): string {
  const [thing, verb] = scope.split(':');
  return `${verb === 'read' ? 'Reads' : 'Changes'} ${thing}`;
}
