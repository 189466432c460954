import type { Logger } from 'pino';
import { sha256 } from '../crypto/hash.js';
import type { RedisConnections } from '../redis/redis.js';
import { NonceStore, noncesUnavailable } from './nonce-store.js';
import type { NonceClaim, NonceUse } from './nonce-store.js';

const TIMEOUT_MS = 2000;
/** Clocks of instances differ a little; a nonce is kept until it has lapsed by all of them. */
const SPARE_MS = 60_000;

/**
 * The marker says which run of Redis it was made in, and when. It is gone when Redis was emptied, and names another run
 * when Redis was restarted, from a snapshot for example that lacks the last nonces, or another server took its place.
 */
const SINCE = `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local marker = redis.call('GET', KEYS[1])
local since = marker and string.match(marker, '^' .. run .. ' (%d+)$')
if not since then
  since = ARGV[1]
  redis.call('SET', KEYS[1], run .. ' ' .. since)
end
`;
const ESTABLISH = `${SINCE} return since`;
const CLAIM = `${SINCE}
local fresh = redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[2])
return {since, fresh and 1 or 0}
`;

/** Shared by all instances. */
export class RedisNonceStore extends NonceStore {
  constructor(
    private readonly redis: RedisConnections,
    /** Begins every key. */
    private readonly prefix: string,
    private readonly logger: Logger,
  ) {
    super();
  }

  /** From now on, if it was not before: the first claim would come too late to be told from a repeated one. */
  async establish(now: number): Promise<void> {
    const asked = this.redis.commands.eval(ESTABLISH, 1, this.marker, String(now));
    await withinTime(asked).catch((error: unknown) => this.logger.warn({ err: error }, 'nonces cannot be remembered yet'));
  }

  async claim({ owner, nonce, until, now }: NonceUse): Promise<NonceClaim> {
    const key = `${this.prefix}:${owner}:${sha256(nonce).slice(0, 32)}`;
    const keptMs = Math.max(1, until - now) + SPARE_MS;
    try {
      const asked = this.redis.commands.eval(CLAIM, 2, this.marker, key, String(now), String(keptMs));
      const [since, fresh] = (await withinTime(asked)) as [string, number];
      return { fresh: fresh === 1, knowsSince: Number(since) };
    } catch (error) {
      this.logger.warn({ err: error }, 'nonces cannot be remembered; signed requests are refused');
      throw noncesUnavailable();
    }
  }

  private get marker(): string {
    return `${this.prefix}:since`;
  }
}

/** A Redis that takes connections and does not answer would hold up requests for ever. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${TIMEOUT_MS} ms.`)), TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
