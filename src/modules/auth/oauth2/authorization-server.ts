import { Inject, Injectable } from '@nestjs/common';
import type { Provider } from 'oidc-provider';
import type { Logger } from 'pino';
import { ALL_SCOPES } from '../../../kernel/principal.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { AgentAccounts } from '../auth.contract.js';
import { Applications } from '../applications.contract.js';
import { ClientRegistry } from './client-registry.js';
import { Issuer } from './issuer.js';
import { loadOidcProvider } from './load-oidc-provider.js';
import type { OidcProvider } from './load-oidc-provider.js';
import { OauthAudit } from './oauth-audit.js';
import { OauthKeys } from './oauth-keys.js';
import type { KeySet } from './oauth-keys.js';
import { oidcAdapter } from './oidc-adapter.js';
import { PayloadStore } from './payload-store.js';
import { providerOptions } from './provider-options.js';

/** oidc-provider, as this service sets it up. It keeps nothing itself, so another one takes its place when the keys change. */
@Injectable()
export class AuthorizationServer {
  private built: { version: string; provider: Provider } | null = null;

  constructor(
    private readonly keys: OauthKeys,
    private readonly payloads: PayloadStore,
    private readonly clients: ClientRegistry,
    private readonly applications: Applications,
    private readonly accounts: AgentAccounts,
    private readonly issuer: Issuer,
    private readonly audit: OauthAudit,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async provider(): Promise<Provider> {
    const library = await loadOidcProvider(this.logger);
    const keys = await this.keys.current();
    const version = `${this.issuer.url} ${keys.version}`;
    if (this.built?.version !== version) this.built = { version, provider: this.build(library, keys) };
    return this.built.provider;
  }

  private build(library: OidcProvider, keys: KeySet): Provider {
    const { clients } = this;
    const provider = new library.Provider(this.issuer.url, {
      ...providerOptions({ library, issuer: this.issuer, clients, applications: this.applications, accounts: this.accounts }),
      adapter: oidcAdapter({ store: this.payloads, clients, audit: this.audit, library }),
      jwks: { keys: keys.jwks.map((key) => ({ ...key, kty: key.kty! })) as never },
    } as ConstructorParameters<typeof Provider>[1]);
    provider.keys = keys.cookieKeys;
    // Its own comparison would need the secret itself.
    provider.Client.prototype.compareClientSecret = function compareClientSecret(presented) {
      return clients.secretMatches(this.clientId, presented);
    };
    provider.proxy = true;
    provider.use(onlyOauth);
    provider.use(async (context, next) => {
      await next();
      const client = (context.oidc as { client?: { clientId: string } } | undefined)?.client;
      if (context.status === 401 && client !== undefined) await this.audit.clientRefused(client.clientId);
    });
    provider.on('server_error', (_context, error) => this.logger.error({ err: error }, 'the authorization server failed'));
    // Without a listener Koa writes to the console.
    (provider as NodeJS.EventEmitter).on('error', (error: unknown) => this.logger.error({ err: error }, 'the authorization server failed'));
    return provider;
  }
}

const METADATA = [
  'issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'introspection_endpoint', 'revocation_endpoint', 'grant_types_supported',
  'response_types_supported', 'response_modes_supported', 'code_challenge_methods_supported', 'token_endpoint_auth_methods_supported',
  'authorization_response_iss_parameter_supported', 'service_documentation',
];

/** oidc-provider describes OpenID Connect too, which this service does not offer. */
async function onlyOauth(context: { body: unknown; oidc?: { route?: string } }, next: () => Promise<void>): Promise<void> {
  await next();
  if (context.oidc?.route !== 'discovery' || typeof context.body !== 'object' || context.body === null) return;
  const body = context.body as Record<string, unknown>;
  const methods = body['token_endpoint_auth_methods_supported'];
  context.body = {
    ...Object.fromEntries(METADATA.filter((name) => name in body).map((name) => [name, body[name]])),
    scopes_supported: ALL_SCOPES,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
  };
}
