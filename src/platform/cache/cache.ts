import { LRUCache } from 'lru-cache';
import type { Invalidation } from './invalidation.js';

/** A bounded cache in this process; `forget` empties the entry on every instance. */
export class Cache<T extends object> {
  private readonly entries: LRUCache<string, T>;
  /** Counts what was forgotten, so that a look-up that began before does not store what is stale. */
  private generation = 0;

  constructor(
    private readonly topic: string,
    private readonly invalidation: Invalidation,
    options: { max: number; ttlMs: number },
  ) {
    this.entries = new LRUCache({ max: options.max, ttl: options.ttlMs, ttlResolution: 100 });
    invalidation.onInvalidate((changed, key) => {
      if (changed !== this.topic) return;
      this.generation++;
      this.entries.delete(key);
    });
    invalidation.onReset(() => {
      this.generation++;
      this.entries.clear();
    });
  }

  /** The cached value, or what `load` finds; null is not cached. */
  async get(key: string, load: () => Promise<T | null>): Promise<T | null> {
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const generation = this.generation;
    const loaded = await load();
    if (loaded !== null && generation === this.generation) this.entries.set(key, loaded);
    return loaded;
  }

  peek(key: string): T | undefined {
    return this.entries.get(key);
  }

  /** Call it after the commit of the change. */
  forget(key: string): void {
    this.invalidation.publish(this.topic, key);
  }
}
