import { Injectable } from '@nestjs/common';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InteractionResults, Provider } from 'oidc-provider';
import { DomainError } from '../../../kernel/domain-error.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import { AgentAccounts } from '../auth.contract.js';
import type { AgentAccount } from '../auth.contract.js';
import { LoginService } from '../jwt/login.service.js';
import { AuthorizationServer } from './authorization-server.js';
import { ClientRegistry } from './client-registry.js';
import type { OauthClient } from './oauth-client.js';
import { OauthAudit } from './oauth-audit.js';
import { OauthKeys } from './oauth-keys.js';
import { consentPage, errorPage, loginPage } from './pages.js';
import type { Page } from './pages.js';
import { PayloadStore } from './payload-store.js';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Of the browser. */
  address: string;
  /** Of the request in the path; the browser's cookie must name the same. */
  uid: string;
}

/** Shown, or gone to. */
export type Outcome = { status: number; page: Page } | { location: string };

interface Asked {
  provider: Provider;
  interaction: Interaction;
  client: OauthClient;
  applicationName: string;
  target: { action: string; csrf: string; redirectUri: string };
}

/** What an agent is asked before a client gets a code: who it is, and whether it allows that. */
@Injectable()
export class Interactions {
  constructor(
    private readonly server: AuthorizationServer,
    private readonly keys: OauthKeys,
    private readonly clients: ClientRegistry,
    private readonly accounts: AgentAccounts,
    private readonly organizations: Organizations,
    private readonly logins: LoginService,
    private readonly payloads: PayloadStore,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: OauthAudit,
  ) {}

  async show(exchange: Exchange): Promise<Outcome> {
    const asked = await this.find(exchange);
    if (asked === null) return gone();
    return this.pageOf(asked);
  }

  async login(exchange: Exchange, form: URLSearchParams): Promise<Outcome> {
    const asked = await this.find(exchange, form);
    if (asked === null) return gone();
    const { client, target, applicationName } = asked;
    const username = form.get('username') ?? '';
    const organization = await this.organizations.find(client.organizationId);
    try {
      const input = { username, password: form.get('password') ?? '', organization: organization!.slug };
      await this.logins.admit(input, exchange.address, (account) => this.enter(asked, account));
    } catch (error) {
      if (!(error instanceof DomainError) || !isRefusal(error)) throw error;
      const page = loginPage(target, applicationName, { message: error.message, username: username.slice(0, 100) });
      const { retryAfterSeconds } = error.details;
      if (retryAfterSeconds === undefined) return { status: 401, page };
      return { status: 429, page: { ...page, headers: { ...page.headers, 'retry-after': String(retryAfterSeconds) } } };
    }
    return { location: asked.interaction.returnTo };
  }

  async consent(exchange: Exchange, form: URLSearchParams): Promise<Outcome> {
    const asked = await this.find(exchange, form);
    if (asked === null) return gone();
    const { provider, interaction, client } = asked;
    const account = await this.accountOf(interaction, client);
    if (interaction.prompt.name !== 'consent' || account === null) return this.pageOf(asked);
    const known = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
    const grant = known ?? new provider.Grant({ accountId: account.id, clientId: client.id });
    const missing = missingScopes(interaction);
    for (const [resource, scopes] of Object.entries(missing)) grant.addResourceScope(resource, scopes);
    await this.unitOfWork.run(async () => {
      await this.finish(interaction, { consent: { grantId: await grant.save() } });
      await this.audit.consentGiven(client, account, Object.values(missing).flat());
    });
    return { location: interaction.returnTo };
  }

  /** Ends the log-in in this browser, and begins again. */
  async switchAccount(exchange: Exchange, form: URLSearchParams): Promise<Outcome> {
    const asked = await this.find(exchange, form);
    if (asked === null) return gone();
    const { provider, interaction } = asked;
    await this.endLogin(asked);
    await interaction.destroy();
    const parameters = Object.entries(interaction.params).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return { location: `${provider.urlFor('authorization')}?${new URLSearchParams(parameters).toString()}` };
  }

  async cancel(exchange: Exchange, form: URLSearchParams): Promise<Outcome> {
    const asked = await this.find(exchange, form);
    if (asked === null) return gone();
    await this.finish(asked.interaction, { error: 'access_denied', error_description: 'the agent did not allow it' });
    return { location: asked.interaction.returnTo };
  }

  private async pageOf({ interaction, client, applicationName, target }: Asked): Promise<Outcome> {
    const account = await this.accountOf(interaction, client);
    if (interaction.prompt.name !== 'consent' || account === null) return { status: 200, page: loginPage(target, applicationName) };
    // Those too that the agent's role does not have: what is given now counts when it gets another role.
    return { status: 200, page: consentPage(target, applicationName, account.username, Object.values(missingScopes(interaction)).flat()) };
  }

  /** Null when the request is unknown, has expired, or is not this browser's, or a form was not one of its pages. */
  private async find({ request, response, uid }: Exchange, form?: URLSearchParams): Promise<Asked | null> {
    const provider = await this.server.provider();
    let interaction: Interaction;
    try {
      interaction = await provider.interactionDetails(request, response);
    } catch (error) {
      if ((error as { error?: unknown }).error === 'invalid_request') return null;
      throw error;
    }
    if (interaction.uid !== uid || (form !== undefined && !(await this.isFromPage(uid, form.get('csrf'))))) return null;
    const usable = await this.clients.findUsable(String(interaction.params['client_id']));
    if (usable === null) return null;
    const { client, application } = usable;
    const action = new URL(`oauth/interaction/${uid}`, `${provider.issuer}/`).pathname;
    const redirectUri = String(interaction.params['redirect_uri']);
    return { provider, interaction, client, applicationName: application.name, target: { action, csrf: await this.tokenFor(uid), redirectUri } };
  }

  private async accountOf(interaction: Interaction, client: OauthClient): Promise<AgentAccount | null> {
    const id = interaction.session?.accountId;
    const account = id === undefined ? null : await this.accounts.findById(id);
    return account !== null && account.enabled && account.organizationId === client.organizationId ? account : null;
  }

  /** In the unit of work that has found the password right. Somebody else's log-in in this browser ends. */
  private async enter(asked: Asked, account: AgentAccount): Promise<void> {
    const { interaction } = asked;
    if (interaction.session?.accountId !== account.id) await this.endLogin(asked);
    // oidc-provider keeps `acr` with the log-in, and this service has no other use for it.
    await this.finish(interaction, { login: { accountId: account.id, acr: await this.payloads.loginEpochOf(account.id) } });
  }

  private async endLogin({ provider, interaction }: Asked): Promise<void> {
    if (interaction.session === undefined) return;
    await (await provider.Session.findByUid(interaction.session.uid))?.destroy();
    interaction.session = undefined;
  }

  private async finish(interaction: Interaction, result: InteractionResults): Promise<void> {
    interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result };
    await interaction.persist();
  }

  private async isFromPage(uid: string, csrf: string | null): Promise<boolean> {
    const { cookieKeys } = await this.keys.current();
    const given = Buffer.from(csrf ?? '');
    return cookieKeys.some((key) => {
      const expected = Buffer.from(csrfToken(key, uid));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  }

  private async tokenFor(uid: string): Promise<string> {
    return csrfToken((await this.keys.current()).cookieKeys[0]!, uid);
  }
}

/** What leave is asked for, by resource. */
function missingScopes(interaction: Interaction): Record<string, string[]> {
  return (interaction.prompt.details['missingResourceScopes'] ?? {}) as Record<string, string[]>;
}

function csrfToken(key: string, uid: string): string {
  return createHmac('sha256', key).update(`form ${uid}`).digest('base64url');
}

/** Of a log-in: said on the page, and tried again. */
function isRefusal({ kind }: DomainError): boolean {
  return kind === 'unauthenticated' || kind === 'rate_limited';
}

function gone(): Outcome {
  return { status: 400, page: errorPage('invalid_request', 'This page has expired, or belongs to another browser.') };
}
