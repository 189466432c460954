import type { Configuration, Client, KoaContextWithOIDC } from 'oidc-provider';
import { ALL_SCOPES } from '../../../kernel/principal.js';
import type { AgentAccounts } from '../auth.contract.js';
import type { Applications } from '../applications.contract.js';
import { scopesWithin } from '../applications/confinement.js';
import type { ClientRegistry } from './client-registry.js';
import type { Issuer } from './issuer.js';
import type { OidcProvider } from './load-oidc-provider.js';
import { renderErrorPage } from './pages.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** All in seconds. A grant outlives each refresh token under it, and bounds how long they can go on. */
const LIFETIMES = {
  AccessToken: HOUR, ClientCredentials: HOUR, AuthorizationCode: MINUTE, RefreshToken: 30 * DAY, Grant: 365 * DAY, Interaction: 30 * MINUTE,
  Session: 12 * HOUR, IdToken: HOUR,
};

/** Clocks of instances differ. */
const CLOCK_TOLERANCE_SECONDS = 5;

interface Parts {
  library: OidcProvider;
  issuer: Issuer;
  clients: ClientRegistry;
  applications: Applications;
  accounts: AgentAccounts;
}

/** What this service wants of oidc-provider: OAuth 2 with opaque tokens for one resource, and nothing of OpenID Connect. */
export function providerOptions({ library, issuer, clients, applications, accounts }: Parts): Configuration {
  const { errors, interactionPolicy } = library;

  /** What a client's application may do; the wildcard is spelled out, so that no scope to come is given today. */
  const scopesOf = async (client: Client): Promise<string[]> => {
    const registered = await clients.find(client.clientId);
    const application = registered === null ? null : await applications.find(registered.applicationId);
    return application === null ? [] : ALL_SCOPES.filter((scope) => application.scopes.has(scope) || application.scopes.has('*'));
  };

  /** A request asks for what it names as far as its application may do that, and for all of it when it names nothing. */
  const confineRequest = (context: KoaContextWithOIDC, allowed: string[]): void => {
    const { params, route } = context.oidc;
    if (params === undefined || (route !== 'authorization' && params['grant_type'] !== 'client_credentials')) return;
    const named = typeof params['scope'] === 'string' ? params['scope'] : '';
    const scopes = [...scopesWithin(named === '' ? allowed : named.split(' '), new Set(allowed))].join(' ');
    if (scopes === '') throw new errors.InvalidScope('none of the scopes is one that the application has', named);
    params['scope'] = scopes;
  };

  /** An agent of the client's organization that may log in. */
  const accountFor = async (context: KoaContextWithOIDC, agentId: string) => {
    const client = context.oidc.client === undefined ? null : await clients.find(context.oidc.client.clientId);
    const account = await accounts.findById(agentId);
    return client !== null && account?.enabled === true && account.organizationId === client.organizationId ? account : null;
  };

  const policy = interactionPolicy.base();
  policy.get('login')!.checks.add(
    new interactionPolicy.Check('account_not_usable', 'the account cannot be used with this client', 'login_required', ({ oidc }) =>
      oidc.session?.accountId !== undefined && oidc.account === undefined,
    ),
  );

  return {
    routes: { authorization: '/oauth/authorize', token: '/oauth/token', introspection: '/oauth/introspect', revocation: '/oauth/revoke', jwks: '/oauth/jwks' },
    scopes: [],
    claims: {},
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    allowOmittingSingleRegisteredRedirectUri: false,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ttl: LIFETIMES,
    pkce: { required: () => true },
    discovery: { service_documentation: `${issuer.url}/docs` },
    cookies: {
      names: { session: 'crossdesk_login', interaction: 'crossdesk_request', resume: 'crossdesk_resume' },
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: false },
      claimsParameter: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => {
          if (token.clientId === client.clientId) return true;
          if (client.clientAuthMethod === 'none') return false;
          throw new errors.InvalidRequest('client is not authorized to revoke the presented token');
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context, _client, oneOf) => (Array.isArray(oneOf) && oneOf.length > 0 ? oneOf[0]! : issuer.audience),
        useGrantedResource: () => true,
        getResourceServerInfo: async (context, resource, client) => {
          if (!issuer.isAudience(resource)) throw new errors.InvalidTarget();
          const allowed = await scopesOf(client);
          confineRequest(context, allowed);
          return { scope: allowed.join(' '), audience: resource, accessTokenFormat: 'opaque' };
        },
      },
    },
    clientBasedCORS: (_context, origin, client) =>
      client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: async () => false,
    interactions: { policy, url: (_context, { uid }) => `${new URL(issuer.url).pathname.replace(/\/$/, '')}/oauth/interaction/${uid}` },
    findAccount: async (context, agentId) => {
      const account = await accountFor(context, agentId);
      return account === null ? undefined : { accountId: account.id, claims: async () => ({ sub: account.id }) };
    },
    renderError: (context, { error, error_description }) => {
      renderErrorPage((name, value) => context.set(name, value), (html) => (context.body = html), error, error_description);
    },
  };
}
