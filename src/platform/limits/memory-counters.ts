import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Counters, MAX_WINDOW_SECONDS, NO_LIMIT } from './counters.js';
import type { Count } from './counters.js';

/** For one process. Its size is what was counted within the windows that are open. */
export class MemoryCounters extends Counters {
  private readonly limiter = new RateLimiterMemory({ points: NO_LIMIT, duration: MAX_WINDOW_SECONDS, keyPrefix: '' });

  async count(key: string, windowSeconds: number): Promise<Count> {
    const { consumedPoints, msBeforeNext } = await this.limiter.consume(key, 1, { customDuration: windowSeconds });
    return { used: consumedPoints, resetMs: msBeforeNext };
  }

  async read(key: string): Promise<Count | null> {
    const known = await this.limiter.get(key);
    return known === null || known.msBeforeNext <= 0 ? null : { used: known.consumedPoints, resetMs: known.msBeforeNext };
  }

  async forget(key: string): Promise<void> {
    await this.limiter.delete(key);
  }
}
