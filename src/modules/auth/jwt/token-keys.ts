import { Inject, Injectable } from '@nestjs/common';
import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { TokenKeyEntity } from './token.entity.js';

const PURPOSE = 'token key';
/** A new key signs after this time; older ones go on verifying. */
const ROTATE_AFTER_MS = 30 * 24 * 60 * 60 * 1000;

interface TokenKey {
  id: string;
  secret: KeyObject;
  createdAt: number;
}

/** The random keys that sign access tokens, shared by all instances through the database. */
@Injectable()
export class TokenKeys {
  private readonly known = new Map<string, TokenKey>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly cipher: Cipher,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The key that signs now; made when there is none or the newest is too old. */
  async current(): Promise<TokenKey> {
    const newest = () => [...this.known.values()].sort((a, b) => b.createdAt - a.createdAt)[0];
    const usable = (key: TokenKey | undefined): key is TokenKey => key !== undefined && key.createdAt > this.clock.now() - ROTATE_AFTER_MS;
    let key = newest();
    if (usable(key)) return key;
    await this.reload();
    key = newest();
    if (usable(key)) return key;
    await this.create();
    await this.reload();
    return newest()!;
  }

  async find(id: string): Promise<TokenKey | null> {
    if (!this.known.has(id) && /^tky_[0-9a-z]{26}$/.test(id)) {
      const row = await this.unitOfWork.manager.findOneBy(TokenKeyEntity, { id });
      if (row !== null) this.remember(row);
    }
    return this.known.get(id) ?? null;
  }

  /** A key that SECRET_KEY no longer opens is left out: its tokens are invalid, and another one signs. */
  private async reload(): Promise<void> {
    for (const row of await this.unitOfWork.manager.find(TokenKeyEntity)) {
      try {
        this.remember(row);
      } catch (error) {
        this.logger.warn({ err: error, token_key: row.id }, 'a token key cannot be read');
      }
    }
  }

  private remember(row: TokenKeyEntity): void {
    const secret = createSecretKey(Buffer.from(this.cipher.decrypt(row.secret, PURPOSE), 'base64url'));
    this.known.set(row.id, { id: row.id, secret, createdAt: row.created_at });
  }

  private async create(): Promise<void> {
    const secret = this.cipher.encrypt(randomBytes(32).toString('base64url'), PURPOSE);
    await this.unitOfWork.run(() =>
      this.unitOfWork.transaction.insert(TokenKeyEntity, { id: newId('tokenKey'), secret, created_at: this.clock.now() }),
    );
  }
}
