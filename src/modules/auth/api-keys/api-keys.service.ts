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
import { ApiKeys } from '../auth.contract.js';
import type { Grant, NewApiKey } from '../auth.contract.js';
import { ApiKeyEntity } from './api-key.entity.js';

const PREFIX = 'cdk_';
const TOPIC = 'api-key';
const CACHE = { max: 10_000, ttlMs: 30_000 };

@Injectable()
export class ApiKeysService extends ApiKeys {
  private readonly principals: Cache<Principal>;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly organizations: Organizations,
    private readonly invalidation: Invalidation,
  ) {
    super();
    this.principals = new Cache<Principal>(TOPIC, invalidation, CACHE);
  }

  async create({ organizationId, name, scopes, key = PREFIX + randomBytes(30).toString('base64url') }: NewApiKey) {
    const id = newId('apiKey');
    await this.unitOfWork.run(() =>
      this.unitOfWork.transaction.insert(ApiKeyEntity, {
        id, organization_id: organizationId, name, key_hash: sha256(key), scopes, created_at: this.clock.now(), revoked_at: null,
      }),
    );
    return { id, name, key, scopes };
  }

  /** Null for a key that does not exist or was revoked. */
  async authenticate(key: string): Promise<Principal | null> {
    if (!key.startsWith(PREFIX)) return null;
    return this.principalOf(sha256(key));
  }

  grantOf(key: string): Grant {
    return { kind: 'api_key', subject: sha256(key), session: null };
  }

  /** The principal of a key that was verified a moment ago; null says nothing about the key. */
  verified(key: string): Principal | null {
    return this.principals.peek(sha256(key)) ?? null;
  }

  async principalOf(hash: string): Promise<Principal | null> {
    return this.principals.peek(hash) ?? this.principals.get(hash, () => this.load(hash));
  }

  onChange(listener: (hash: string) => void): void {
    this.invalidation.onInvalidate((topic, hash) => {
      if (topic === TOPIC) listener(hash);
    });
  }

  private async load(hash: string): Promise<Principal | null> {
    const row = await this.unitOfWork.manager.findOneBy(ApiKeyEntity, { key_hash: hash });
    if (row === null || row.revoked_at !== null) return null;
    const organization = await this.organizations.find(row.organization_id);
    return {
      kind: 'api_key',
      id: row.id,
      organizationId: row.organization_id,
      scopes: new Set(row.scopes),
      operator: organization?.operator ?? false,
      agent: null,
      application: null,
    };
  }
}
