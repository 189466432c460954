import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';
import { Clock } from '../../../kernel/clock.js';
import { Cache } from '../../../platform/cache/cache.js';
import { Invalidation } from '../../../platform/cache/invalidation.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { toClient } from './oauth-client.js';
import type { OauthClient } from './oauth-client.js';
import { OauthClientsRepository } from './oauth-clients.repository.js';

const TOPIC = 'oauth-client';
const CACHE = { max: 10_000, ttlMs: 10_000 };
const USE_IS_NOTED_EVERY_MS = 60_000;

/** The clients of all organizations, for those who are shown a client's id or token. */
@Injectable()
export class ClientRegistry {
  private readonly clients: Cache<OauthClient>;

  constructor(
    private readonly repository: OauthClientsRepository,
    private readonly applications: Applications,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly invalidation: Invalidation,
  ) {
    this.clients = new Cache(TOPIC, invalidation, CACHE);
  }

  /** Cached; changes are seen on every instance. */
  async find(id: string): Promise<OauthClient | null> {
    return this.clients.get(id, async () => {
      const row = await this.repository.findById(id);
      return row === null ? null : toClient(row);
    });
  }

  /** Null also for one whose application is disabled, or whose organization is closed. */
  async findUsable(id: string): Promise<{ client: OauthClient; application: ApplicationState } | null> {
    const client = await this.find(id);
    const application = client === null ? null : await this.applications.find(client.applicationId);
    if (client === null || application === null || !application.enabled) return null;
    return (await this.organizations.isOpen(client.organizationId)) ? { client, application } : null;
  }

  /** What oidc-provider knows of a client that can be used. */
  async metadataOf(id: string): Promise<ClientMetadata | null> {
    const usable = await this.findUsable(id);
    if (usable === null) return null;
    const { client } = usable;
    return {
      client_id: client.id,
      client_name: client.name,
      // oidc-provider wants one here; what is presented is held against the hashes.
      ...(client.authMethod !== 'none' && { client_secret: client.secrets[0]!.hash }),
      redirect_uris: client.redirectUris,
      grant_types: [...client.grantTypes],
      response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
      token_endpoint_auth_method: client.authMethod,
    };
  }

  async secretMatches(id: string, secret: string): Promise<boolean> {
    const presented = Buffer.from(sha256(secret));
    const now = this.clock.now();
    const accepted = ((await this.find(id))?.secrets ?? []).filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
    return accepted.some(({ hash }) => timingSafeEqual(Buffer.from(hash), presented));
  }

  async noteUse(id: string): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.run(() => this.repository.noteUse(id, now, now - USE_IS_NOTED_EVERY_MS));
  }

  /** Call it in the unit of the change. */
  changed(id: string): void {
    this.unitOfWork.afterCommit(() => this.clients.forget(id));
  }

  /** Told on every instance of a client that may have changed or gone. */
  onChange(listener: (id: string) => void): void {
    this.invalidation.onInvalidate((topic, id) => {
      if (topic === TOPIC) listener(id);
    });
  }
}
