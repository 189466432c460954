import { createVerifier } from 'http-message-signatures';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cache } from '../../../platform/cache/cache.js';
import { Invalidation } from '../../../platform/cache/invalidation.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { KeyUsage } from '../applications/key-usage.js';
import type { UsedKey } from '../applications/key-usage.js';
import type { ApplicationState } from '../applications.contract.js';
import { ApplicationDirectory } from '../applications/application-directory.js';
import { verificationKey } from './key-material.js';
import type { SigningAlgorithm } from './key-material.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

export const SECRET_PURPOSE = 'signing key';
const TOPIC = 'signing-key';
const CACHE = { max: 10_000, ttlMs: 30_000 };
const ID = /^sgk_[0-9a-z]{26}$/;

/** A key that was good when it was read, and is as long as nobody says otherwise and its time has not come. */
export interface GoodSigningKey extends UsedKey {
  algorithm: SigningAlgorithm;
  createdAt: number;
  expiresAt: number;
  principal: Principal;
  verifies: (base: Buffer, signature: Buffer) => Promise<boolean | null>;
}

/** The keys that requests are signed with, found by `keyid`. */
@Injectable()
export class SigningKeys {
  private readonly good: Cache<GoodSigningKey>;

  constructor(
    private readonly keys: SigningKeysRepository,
    private readonly applications: ApplicationDirectory,
    private readonly usage: KeyUsage,
    private readonly cipher: Cipher,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    invalidation: Invalidation,
  ) {
    this.good = new Cache<GoodSigningKey>(TOPIC, invalidation, CACHE);
    applications.whenChanged((id, state) => this.follow(id, state));
  }

  /** Null for one that does not exist, has ended, or whose application has. */
  async find(id: string): Promise<GoodSigningKey | null> {
    if (!ID.test(id)) return null;
    const key = await this.good.get(id, () => this.load(id));
    return key === null || key.expiresAt <= this.clock.now() ? null : key;
  }

  noteUse(key: GoodSigningKey): void {
    this.usage.note(key);
  }

  /** In the unit of a change to the key: once that is committed, every instance looks at the key again. */
  changed(id: string): void {
    this.unitOfWork.afterCommit(() => this.good.forget(id));
  }

  private async follow(applicationId: string, state: ApplicationState | null): Promise<void> {
    const ids = await this.keys.idsOf(applicationId);
    if (state === null) await this.keys.deleteOf(applicationId);
    for (const id of ids) this.changed(id);
  }

  private async load(id: string): Promise<GoodSigningKey | null> {
    const row = await this.keys.findById(id);
    if (row === null || row.revoked_at !== null) return null;
    const application = await this.applications.findNow(row.application_id);
    if (application?.enabled !== true) return null;
    return {
      table: 'signing_keys',
      id,
      lastUsedAt: row.last_used_at ?? 0,
      algorithm: row.algorithm,
      createdAt: row.created_at,
      expiresAt: row.expires_at ?? Infinity,
      verifies: createVerifier(verificationKey({ secret: this.secretOf(row), publicKey: row.public_key }), row.algorithm),
      principal: {
        kind: 'signing_key',
        id,
        organizationId: row.organization_id,
        scopes: application.scopes,
        operator: false,
        agent: null,
        application: application.grant,
      },
    };
  }

  private secretOf({ secret }: SigningKeyEntity): string | null {
    return secret === null ? null : this.cipher.decrypt(secret, SECRET_PURPOSE);
  }
}
