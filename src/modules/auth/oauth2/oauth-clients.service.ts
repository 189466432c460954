import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../../kernel/clock.js';
import { invalidField } from '../../../kernel/domain-error.js';
import { newId } from '../../../kernel/ids.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { AuditTrail, changesBetween } from '../../audit/audit.contract.js';
import type { AuditChanges } from '../../audit/audit.contract.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { assertHolds, assertSees } from '../applications/confinement.js';
import { ClientRegistry } from './client-registry.js';
import { CLIENT_WRITABLE } from './oauth-clients.dto.js';
import type {
  CreateOauthClientDto, ListOauthClientsDto, OauthClientView, OauthClientWithSecretView, RotateOauthClientDto, UpdateOauthClientDto,
} from './oauth-clients.dto.js';
import { OauthClientsRepository } from './oauth-clients.repository.js';
import { toOauthClientView } from './oauth-clients.view.js';
import type { OauthClientEntity } from './oauth.entity.js';
import { PayloadStore } from './payload-store.js';

@Injectable()
export class OauthClientsService {
  constructor(
    private readonly clients: OauthClientsRepository,
    private readonly registry: ClientRegistry,
    private readonly payloads: PayloadStore,
    private readonly applications: Applications,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {
    applications.whenChanged((id, state) => this.follow(id, state));
  }

  async create(principal: Principal, applicationId: string, input: CreateOauthClientDto): Promise<OauthClientWithSecretView> {
    const now = this.clock.now();
    const secret = input.token_endpoint_auth_method === 'none' ? null : newSecret();
    return this.unitOfWork.run(async () => {
      const application = await this.applicationFor(principal, applicationId);
      const client: OauthClientEntity = {
        id: newId('oauthClient'),
        organization_id: principal.organizationId,
        application_id: applicationId,
        name: input.name ?? application.name,
        redirect_uris: input.redirect_uris ?? [],
        grant_types: input.grant_types ?? ['client_credentials'],
        token_endpoint_auth_method: input.token_endpoint_auth_method ?? 'client_secret_basic',
        secret_hash: secret === null ? null : sha256(secret),
        previous_secret_hash: null,
        previous_secret_expires_at: null,
        last_used_at: null,
        created_at: now,
        updated_at: now,
      };
      assertUsable(client);
      await this.clients.insert(client);
      await this.record(principal, 'oauth_client.created', null, client);
      return { ...toOauthClientView(client), client_secret: secret };
    });
  }

  async list(principal: Principal, applicationId: string, filter: ListOauthClientsDto): Promise<Page<OauthClientView>> {
    await this.applications.get(principal.organizationId, applicationId);
    return mapPage(await this.clients.list({ organizationId: principal.organizationId, applicationId }, filter), toOauthClientView);
  }

  async get(principal: Principal, applicationId: string, id: string): Promise<OauthClientView> {
    await this.applications.get(principal.organizationId, applicationId);
    return toOauthClientView(await this.clients.get({ organizationId: principal.organizationId, applicationId }, id));
  }

  async update(principal: Principal, applicationId: string, id: string, input: UpdateOauthClientDto, ifMatch?: string): Promise<OauthClientView> {
    return this.unitOfWork.run(async () => {
      const before = await this.clientFor(principal, applicationId, id, ifMatch);
      const after: OauthClientEntity = { ...before, ...input, updated_at: this.clock.now() };
      assertUsable(after);
      await this.clients.update(id, { ...input, updated_at: after.updated_at });
      this.registry.changed(id);
      await this.record(principal, 'oauth_client.updated', before, after);
      return toOauthClientView(after);
    });
  }

  /** Answers a new secret; the present one is accepted for as long as the overlap says. */
  async rotate(principal: Principal, applicationId: string, id: string, { overlap_seconds = 0 }: RotateOauthClientDto): Promise<OauthClientWithSecretView> {
    const secret = newSecret();
    return this.unitOfWork.run(async () => {
      const before = await this.clientFor(principal, applicationId, id);
      if (before.secret_hash === null) throw invalidField('client_id', 'oauth_client.public', 'A public client has no secret.');
      const now = this.clock.now();
      const overlaps = overlap_seconds > 0;
      const changes = {
        secret_hash: sha256(secret),
        previous_secret_hash: overlaps ? before.secret_hash : null,
        previous_secret_expires_at: overlaps ? now + overlap_seconds * 1000 : null,
        updated_at: now,
      };
      await this.clients.update(id, changes);
      this.registry.changed(id);
      const after = { ...before, ...changes };
      await this.record(principal, 'oauth_client.rotated', before, after, { secret: 'changed' });
      return { ...toOauthClientView(after), client_secret: secret };
    });
  }

  /** Its tokens are refused from now on. */
  async delete(principal: Principal, applicationId: string, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const client = await this.clientFor(principal, applicationId, id, ifMatch);
      await this.remove(id);
      await this.record(principal, 'oauth_client.deleted', client, null);
    });
  }

  /** A deleted application takes its clients with it; what else changes of one is looked up at each use. */
  private async follow(applicationId: string, state: ApplicationState | null): Promise<void> {
    if (state !== null) return;
    for (const { id } of await this.clients.allOf(applicationId)) await this.remove(id);
  }

  private async remove(id: string): Promise<void> {
    await this.payloads.deleteOfClient(id);
    await this.clients.delete(id);
    this.registry.changed(id);
  }

  /** Who is shown a credential of an application, or decides where it is sent, holds all that the application does. */
  private async applicationFor(principal: Principal, id: string): Promise<ApplicationState> {
    const application = await this.applications.lock(principal.organizationId, id);
    assertHolds(principal, application.scopes);
    assertSees(principal, application.grant.dataScope);
    return application;
  }

  private async clientFor(principal: Principal, applicationId: string, id: string, ifMatch?: string): Promise<OauthClientEntity> {
    await this.applicationFor(principal, applicationId);
    const client = await this.clients.get({ organizationId: principal.organizationId, applicationId }, id);
    assertMatch(ifMatch, toOauthClientView(client), CLIENT_WRITABLE);
    return client;
  }

  private async record(
    principal: Principal, action: string, before: OauthClientEntity | null, after: OauthClientEntity | null, more: AuditChanges = {},
  ): Promise<void> {
    const { id, organization_id, application_id, name } = (after ?? before)!;
    const changes = after === null ? {} : changesBetween(before === null ? null : toOauthClientView(before), toOauthClientView(after), CLIENT_WRITABLE);
    await this.audit.record({
      organizationId: organization_id, actor: principal, action, target: { type: 'oauth_client', id },
      changes: { ...changes, ...more }, details: { application_id, name },
    });
  }
}

function newSecret(): string {
  return `cds_${randomBytes(32).toString('base64url')}`;
}

/** The rules that hold between fields. */
function assertUsable({ grant_types, redirect_uris, token_endpoint_auth_method }: OauthClientEntity): void {
  const code = grant_types.includes('authorization_code');
  if (code && redirect_uris.length === 0) {
    throw invalidField('redirect_uris', 'redirect_uri.required', 'The grant authorization_code needs a redirect URI.');
  }
  if (!code && grant_types.includes('refresh_token')) {
    throw invalidField('grant_types', 'grant_type.useless', 'Refresh tokens are given with authorization_code only.');
  }
  if (token_endpoint_auth_method === 'none' && grant_types.includes('client_credentials')) {
    throw invalidField('grant_types', 'grant_type.needs_secret', 'A client without a secret cannot have the grant client_credentials.');
  }
}
