import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { OauthKeyEntity } from './oauth.entity.js';

const PURPOSE = 'oauth key';
const DAY_MS = 24 * 60 * 60 * 1000;
/** A new key is made after this time. */
const ROTATE_AFTER_MS = 30 * DAY_MS;
/** What a key signed may be shown this long; longer than a log-in, a request and whoever keeps the JWKS. */
const PUBLISHED_MS = 90 * DAY_MS;
/** A key signs only when each instance has had the time to hear of it. */
const SIGNS_AFTER_MS = 5 * 60_000;
const RELOAD_AFTER_MS = 60_000;

export interface KeySet {
  /** Changes whenever the keys do. */
  version: string;
  /** Private keys, the one that signs first. */
  jwks: JWK[];
  /** What signs cookies, the one that signs first. */
  cookieKeys: string[];
}

interface StoredKey {
  id: string;
  createdAt: number;
  jwk: JWK;
  cookieKey: string;
}

/** The random keys of the authorization server, shared by all instances through the database. */
@Injectable()
export class OauthKeys {
  private known: StoredKey[] = [];
  private readAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly cipher: Cipher,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async current(): Promise<KeySet> {
    if (this.clock.now() - this.readAt > RELOAD_AFTER_MS) {
      // On behalf of all who ask meanwhile, so not in the unit of the first of them.
      this.reading ??= this.unitOfWork.detached(() => this.reload()).finally(() => (this.reading = null));
      await this.reading;
    }
    const now = this.clock.now();
    const byAge = this.known.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
    const heardOf = byAge.filter(({ createdAt }) => createdAt <= now - SIGNS_AFTER_MS);
    const signing = heardOf[0] ?? byAge.at(-1);
    const ordered = byAge.toSorted((a, b) => Number(b === signing) - Number(a === signing));
    return {
      version: ordered.map(({ id }) => id).join(' '),
      jwks: ordered.map(({ id, jwk }) => ({ ...jwk, kid: id, use: 'sig', alg: 'ES256' })),
      cookieKeys: ordered.map(({ cookieKey }) => cookieKey),
    };
  }

  private async reload(): Promise<void> {
    await this.read();
    if (this.known.every(({ createdAt }) => createdAt <= this.clock.now() - ROTATE_AFTER_MS)) {
      await this.create();
      await this.read();
    }
    this.readAt = this.clock.now();
  }

  private async read(): Promise<void> {
    this.known = this.readable(await this.unitOfWork.manager.find(OauthKeyEntity));
  }

  /** One instance makes it: the others wait, and find it made. */
  private async create(): Promise<void> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const secret = JSON.stringify({ jwk: await exportJWK(privateKey), cookieKey: randomBytes(32).toString('base64url') });
    await this.unitOfWork.run(async () => {
      await this.unitOfWork.query(`SELECT id FROM deployments${this.unitOfWork.forUpdate}`);
      const now = this.clock.now();
      const keys = this.readable(await this.unitOfWork.transaction.find(OauthKeyEntity));
      if (keys.some(({ createdAt }) => createdAt > now - ROTATE_AFTER_MS)) return;
      await this.unitOfWork.transaction.insert(OauthKeyEntity, { id: newId('oauthKey'), secret: this.cipher.encrypt(secret, PURPOSE), created_at: now });
    });
  }

  /** A key that SECRET_KEY no longer opens is left out: what it signed is invalid, and another one signs. */
  private readable(rows: readonly OauthKeyEntity[]): StoredKey[] {
    const published = rows.filter((row) => row.created_at > this.clock.now() - PUBLISHED_MS);
    return published.flatMap((row) => {
      try {
        const { jwk, cookieKey } = JSON.parse(this.cipher.decrypt(row.secret, PURPOSE)) as Pick<StoredKey, 'jwk' | 'cookieKey'>;
        return [{ id: row.id, createdAt: row.created_at, jwk, cookieKey }];
      } catch (error) {
        this.logger.warn({ err: error, oauth_key: row.id }, 'a key of the authorization server cannot be read');
        return [];
      }
    });
  }
}
