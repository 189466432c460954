import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../kernel/domain-error.js';
import { networkOf } from '../../../platform/addresses/address-ranges.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { Counters } from '../../../platform/limits/counters.js';
import { RequestLimits } from '../../../platform/limits/request-limits.js';
import { KnownAddresses } from './known-addresses.js';
import { Turns } from './turns.js';

export interface LoginAttempt {
  /** Whom the caller says to be, in all its parts (`['agent', 'default', 'admin']`), existing or not; null when it says it in secret only. */
  account: readonly string[] | null;
  address: string;
}

/** Failures from one address, whomever it tries, in a minute. */
const ADDRESS_FAILURES = 30;
const ADDRESS_WINDOW_SECONDS = 60;

/** Failures of an account that cost nothing; after each further one it waits, each time twice as long. */
const FREE_FAILURES = 10;
const FAILURES_WINDOW_SECONDS = 6 * 60 * 60;
const FIRST_WAIT_SECONDS = 15;
const LONGEST_WAIT_SECONDS = 15 * 60;

/** Made-up names must not fill the memory, so names share this many places; few enough real ones ever meet in one. */
const ACCOUNT_PLACES = 2 ** 18;

/** As many as argon2 works on at a time. */
const AT_A_TIME_OF_ADDRESS = 4;
/** So that each guess finds what the one before it came to. */
const AT_A_TIME_OF_ACCOUNT = 1;

export function waitSecondsAfter(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (failures - FREE_FAILURES));
}

/**
 * Slows down whoever guesses passwords and secrets, by account and by address, and does not lock the owner out: an
 * address from which the account has logged in lately is counted for itself, so that nobody else's failures touch it.
 * A guess that has to wait is answered 429 before anything is checked, whether the account exists or not.
 */
@Injectable()
export class LoginThrottle {
  private readonly addresses = new Turns(AT_A_TIME_OF_ADDRESS);
  private readonly accounts = new Turns(AT_A_TIME_OF_ACCOUNT);

  constructor(
    private readonly limits: RequestLimits,
    private readonly counters: Counters,
    private readonly known: KnownAddresses,
  ) {}

  /** Runs `check` when it may be tried now. Its null is a failure, and its error neither that nor a success. */
  async attempt<T>({ account, address }: LoginAttempt, check: () => Promise<T | null>): Promise<T | null> {
    if (!this.limits.on) return check();
    const ofAddress = `login:address:${networkOf(address)}`;
    if (account === null) return this.byAddress(`${ofAddress}:secret`, check);
    const name = JSON.stringify(account);
    const pair = this.known.pairOf(name, address);
    if (await this.known.includes(pair)) return this.fromKnownAddress(pair, check);
    const result = await this.byAddress(ofAddress, () => this.byAccount(`login:account:${placeOf(name)}`, check));
    if (result !== null) await this.known.remember(pair);
    return result;
  }

  private async fromKnownAddress<T>(pair: string, check: () => Promise<T | null>): Promise<T | null> {
    const key = `login:known:${pair}`;
    const result = await this.byAccount(key, check);
    if (result === null) return null;
    await this.counters.forget(`${key}:failures`);
    await this.known.remember(pair);
    return result;
  }

  private byAddress<T>(key: string, check: () => Promise<T | null>): Promise<T | null> {
    return this.addresses.take(key, async () => {
      const failures = await this.counters.read(key);
      if (failures !== null && failures.used >= ADDRESS_FAILURES) throw this.refusal(failures.resetMs);
      const result = await check();
      if (result === null) await this.counters.count(key, ADDRESS_WINDOW_SECONDS);
      return result;
    });
  }

  private byAccount<T>(key: string, check: () => Promise<T | null>): Promise<T | null> {
    return this.accounts.take(key, async () => {
      const waiting = await this.counters.read(`${key}:wait`);
      if (waiting !== null) throw this.refusal(waiting.resetMs);
      const result = await check();
      if (result === null) await this.noteFailure(key);
      return result;
    });
  }

  private async noteFailure(key: string): Promise<void> {
    const { used } = await this.counters.count(`${key}:failures`, FAILURES_WINDOW_SECONDS);
    const waitSeconds = waitSecondsAfter(used);
    if (waitSeconds > 0) await this.counters.count(`${key}:wait`, waitSeconds);
  }

  private refusal(resetMs: number): DomainError {
    this.limits.refused('login');
    const retryAfterSeconds = Math.max(1, Math.ceil(resetMs / 1000));
    const detail = `There were too many failed attempts to log in; try again in ${retryAfterSeconds} seconds.`;
    return new DomainError('rate_limited', 'rate_limit.exceeded', detail, { retryAfterSeconds });
  }
}

function placeOf(name: string): number {
  return Number.parseInt(sha256(name).slice(0, 8), 16) % ACCOUNT_PLACES;
}
