import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { Counters, MAX_WINDOW_SECONDS, NO_LIMIT } from './counters.js';
import type { Count } from './counters.js';

/** Shared by all instances. Fails when Redis cannot be asked, at once where that is known. */
export class RedisCounters extends Counters {
  private readonly limiter: RateLimiterRedis;

  constructor(
    redis: Redis,
    /** Begins every key. */
    prefix: string,
  ) {
    super();
    this.limiter = new RateLimiterRedis({
      storeClient: redis,
      points: NO_LIMIT,
      duration: MAX_WINDOW_SECONDS,
      keyPrefix: prefix,
      rejectIfRedisNotReady: true,
    });
  }

  async count(key: string, windowSeconds: number): Promise<Count> {
    const { consumedPoints, msBeforeNext } = await this.limiter.consume(key, 1, { customDuration: windowSeconds });
    return { used: consumedPoints, resetMs: msBeforeNext };
  }

  async read(key: string): Promise<Count | null> {
    const known = await this.limiter.get(key);
    return known === null ? null : { used: known.consumedPoints, resetMs: known.msBeforeNext };
  }

  async forget(key: string): Promise<void> {
    await this.limiter.delete(key);
  }
}
