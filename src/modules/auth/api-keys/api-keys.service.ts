import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cache } from '../../../platform/cache/cache.js';
import { Invalidation } from '../../../platform/cache/invalidation.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { ApplicationDirectory } from '../applications/application-directory.js';
import { scopesWithin } from '../applications/confinement.js';
import { KeyUsage } from '../applications/key-usage.js';
import type { UsedKey } from '../applications/key-usage.js';
import { ApiKeys } from '../auth.contract.js';
import type { Grant, NewApiKey } from '../auth.contract.js';
import type { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';

const PREFIX = 'cdk_';
const HINT_LENGTH = 4;
const TOPIC = 'api-key';
const CACHE = { max: 10_000, ttlMs: 30_000 };

export interface NewKey extends NewApiKey {
  applicationId: string | null;
  expiresAt: number | null;
}

/** A key that was good when it was read, and is as long as nobody says otherwise and its time has not come. */
interface GoodKey extends UsedKey {
  principal: Principal;
  expiresAt: number;
}

@Injectable()
export class ApiKeysService extends ApiKeys {
  private readonly good: Cache<GoodKey>;

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly applications: ApplicationDirectory,
    private readonly organizations: Organizations,
    private readonly usage: KeyUsage,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly invalidation: Invalidation,
  ) {
    super();
    this.good = new Cache<GoodKey>(TOPIC, invalidation, CACHE);
    applications.whenChanged((id, state) => this.follow(id, state));
  }

  async create(input: NewApiKey) {
    const { row, key } = await this.issue({ ...input, applicationId: null, expiresAt: null });
    return { id: row.id, name: row.name, key, scopes: row.scopes };
  }

  /** The key itself is in the answer and nowhere else. */
  async issue({ organizationId, applicationId, name, scopes, expiresAt, key = newKey() }: NewKey): Promise<{ row: ApiKeyEntity; key: string }> {
    const row: ApiKeyEntity = {
      id: newId('apiKey'), organization_id: organizationId, application_id: applicationId, name, key_hash: sha256(key), hint: key.slice(-HINT_LENGTH),
      scopes, created_at: this.clock.now(), expires_at: expiresAt, rotated_at: null, revoked_at: null, last_used_at: null,
    };
    await this.unitOfWork.run(() => this.keys.insert(row));
    return { row, key };
  }

  /** In the unit of a change to the key: once that is committed, every instance looks at the key again. */
  changed(row: ApiKeyEntity): void {
    this.unitOfWork.afterCommit(() => this.good.forget(row.key_hash));
  }

  /** Null for a key that does not exist, has ended, or whose application has. */
  async authenticate(key: string): Promise<Principal | null> {
    if (!key.startsWith(PREFIX)) return null;
    return this.principalOf(sha256(key));
  }

  grantOf(key: string): Grant {
    return { kind: 'api_key', subject: sha256(key), session: null };
  }

  /** The principal of a key that was verified a moment ago; null says nothing about the key. */
  verified(key: string): Principal | null {
    const known = this.good.peek(sha256(key));
    return known === undefined ? null : this.use(known);
  }

  async principalOf(hash: string): Promise<Principal | null> {
    const key = this.good.peek(hash) ?? (await this.good.get(hash, () => this.load(hash)));
    return key === null ? null : this.use(key);
  }

  onChange(listener: (hash: string) => void): void {
    this.invalidation.onInvalidate((topic, hash) => {
      if (topic === TOPIC) listener(hash);
    });
  }

  private use(key: GoodKey): Principal | null {
    if (key.expiresAt <= this.clock.now()) return null;
    this.usage.note(key);
    return key.principal;
  }

  private async follow(applicationId: string, state: ApplicationState | null): Promise<void> {
    const hashes = await this.keys.hashesOf(applicationId);
    if (state === null) await this.keys.deleteOf(applicationId);
    this.unitOfWork.afterCommit(() => {
      for (const hash of hashes) this.good.forget(hash);
    });
  }

  private async load(hash: string): Promise<GoodKey | null> {
    const row = await this.keys.findByHash(hash);
    if (row === null || row.revoked_at !== null) return null;
    const application = row.application_id === null ? null : await this.applications.findNow(row.application_id);
    if (row.application_id !== null && application?.enabled !== true) return null;
    const organization = await this.organizations.find(row.organization_id);
    return {
      table: 'api_keys',
      id: row.id,
      lastUsedAt: row.last_used_at ?? 0,
      expiresAt: row.expires_at ?? Infinity,
      principal: {
        kind: 'api_key',
        id: row.id,
        organizationId: row.organization_id,
        scopes: application === null ? new Set(row.scopes) : scopesWithin(row.scopes, application.scopes),
        // An application is never the operator, whatever its organization is, and neither is a key that may do less.
        operator: application === null && row.scopes.includes('*') && (organization?.operator ?? false),
        agent: null,
        application: application?.grant ?? null,
      },
    };
  }
}

function newKey(): string {
  return PREFIX + randomBytes(30).toString('base64url');
}
