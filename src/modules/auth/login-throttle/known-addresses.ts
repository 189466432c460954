import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { networkOf } from '../../../platform/addresses/address-ranges.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { changeRows, deleteSome } from '../../../platform/database/rows.js';
import { isUniqueViolation } from '../../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { KnownAddressEntity } from './known-address.entity.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const KNOWN_FOR_MS = 30 * DAY_MS;

/** From where accounts have logged in within 30 days. */
@Injectable()
export class KnownAddresses {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** The account and the address as one word, for keys. */
  pairOf(account: string, address: string): string {
    return sha256(`${account}\n${networkOf(address)}`);
  }

  async includes(pair: string): Promise<boolean> {
    return ((await this.find(pair))?.expires_at ?? 0) > this.clock.now();
  }

  /** Written once a day at the most for each address. */
  async remember(pair: string): Promise<void> {
    const expiresAt = this.clock.now() + KNOWN_FOR_MS;
    const known = await this.find(pair);
    if (known !== null && known.expires_at > expiresAt - DAY_MS) return;
    try {
      await this.unitOfWork.run(async () => {
        const prolonged = await changeRows(this.unitOfWork, 'UPDATE known_login_addresses SET expires_at = ? WHERE hash = ?', [expiresAt, pair]);
        if (prolonged === 0) await this.unitOfWork.transaction.insert(KnownAddressEntity, { hash: pair, expires_at: expiresAt });
      });
    } catch (error) {
      // Two log-ins at once; the other one has written it.
      if (!isUniqueViolation(error)) throw error;
    }
  }

  /** Returns how many; fewer than the limit when no more are left. */
  async deleteExpired(limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'known_login_addresses', key: 'hash', where: 'expires_at < ?', parameters: [this.clock.now()] }, limit);
  }

  private find(pair: string): Promise<KnownAddressEntity | null> {
    return this.unitOfWork.manager.findOneBy(KnownAddressEntity, { hash: pair });
  }
}
