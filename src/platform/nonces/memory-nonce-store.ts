import { sha256 } from '../crypto/hash.js';
import { NonceStore, noncesUnavailable } from './nonce-store.js';
import type { NonceClaim, NonceUse } from './nonce-store.js';

const MINUTE_MS = 60_000;

/** A nonce costs about 150 bytes; forgetting one that still counts would open a replay, so more than this is refused. */
const LIMITS = { perOwner: 100_000, total: 500_000 };

/** The nonces of one owner by the minute in which they lapse, so that those of a minute can be dropped together. */
class Owned {
  private readonly minutes = new Map<number, Set<string>>();
  size = 0;

  has(digest: string): boolean {
    for (const minute of this.minutes.values()) if (minute.has(digest)) return true;
    return false;
  }

  add(digest: string, until: number): void {
    const minute = Math.floor(until / MINUTE_MS);
    const known = this.minutes.get(minute) ?? new Set();
    this.minutes.set(minute, known.add(digest));
    this.size++;
  }

  /** Returns how many it dropped. */
  dropLapsed(now: number): number {
    let dropped = 0;
    for (const [minute, digests] of this.minutes) {
      if ((minute + 1) * MINUTE_MS > now) continue;
      dropped += digests.size;
      this.minutes.delete(minute);
    }
    this.size -= dropped;
    return dropped;
  }
}

/** For one process alone: the store lives and dies with it. */
export class MemoryNonceStore extends NonceStore {
  private readonly owners = new Map<string, Owned>();
  private total = 0;
  private sweptAt = 0;

  constructor(
    private readonly knowsSince: number,
    private readonly limits = LIMITS,
  ) {
    super();
  }

  async claim({ owner, nonce, until, now }: NonceUse): Promise<NonceClaim> {
    this.sweep(now);
    const owned = this.owners.get(owner) ?? new Owned();
    const digest = sha256(nonce).slice(0, 32);
    if (owned.has(digest)) return { fresh: false, knowsSince: this.knowsSince };
    if (owned.size >= this.limits.perOwner || this.total >= this.limits.total) throw noncesUnavailable();
    owned.add(digest, until);
    this.owners.set(owner, owned);
    this.total++;
    return { fresh: true, knowsSince: this.knowsSince };
  }

  private sweep(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.sweptAt) return;
    this.sweptAt = minute;
    for (const [owner, owned] of this.owners) {
      this.total -= owned.dropLapsed(now);
      if (owned.size === 0) this.owners.delete(owner);
    }
  }
}
