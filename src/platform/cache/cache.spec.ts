import { describe, expect, it, vi } from 'vitest';
import { Cache } from './cache.js';
import { LocalInvalidation } from './invalidation.js';

interface Thing {
  name: string;
}

class LosingInvalidation extends LocalInvalidation {
  reset(): void {
    this.tellReset();
  }
}

describe('the cache', () => {
  const invalidation = new LosingInvalidation();
  const aCache = (options = { max: 10, ttlMs: 60_000 }): Cache<Thing> => new Cache<Thing>('thing', invalidation, options);
  const loading = (name: string) => vi.fn<() => Promise<Thing | null>>(async () => ({ name }));

  it('loads once', async () => {
    const cache = aCache();
    const load = loading('a');
    expect(await cache.get('a', load)).toEqual({ name: 'a' });
    expect(await cache.get('a', load)).toBe(cache.peek('a'));
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('keeps neither null nor an error', async () => {
    const cache = aCache();
    const load = vi.fn<() => Promise<Thing | null>>(async () => null);
    expect(await cache.get('a', load)).toBeNull();
    await expect(cache.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.get('a', load)).toBeNull();
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('loads again what was forgotten, and that alone', async () => {
    const cache = aCache();
    await cache.get('a', loading('a'));
    await cache.get('b', loading('b'));
    cache.forget('a');
    invalidation.publish('something else', 'b');
    expect(cache.peek('a')).toBeUndefined();
    expect(cache.peek('b')).toEqual({ name: 'b' });
    expect(await cache.get('a', loading('newer'))).toEqual({ name: 'newer' });
  });

  it('does not keep what was read before it was forgotten', async () => {
    const cache = aCache();
    let answer!: (thing: Thing) => void;
    const slow = cache.get('a', () => new Promise((resolve) => (answer = resolve)));
    cache.forget('a');
    answer({ name: 'stale' });
    expect(await slow).toEqual({ name: 'stale' });
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', loading('newer'))).toEqual({ name: 'newer' });
    expect(cache.peek('a')).toEqual({ name: 'newer' });
  });

  it('forgets all when messages may have been lost, also what is being read', async () => {
    const cache = aCache();
    await cache.get('a', loading('a'));
    let answer!: (thing: Thing) => void;
    const slow = cache.get('b', () => new Promise((resolve) => (answer = resolve)));
    invalidation.reset();
    answer({ name: 'stale' });
    await slow;
    expect([cache.peek('a'), cache.peek('b')]).toEqual([undefined, undefined]);
  });

  it('is bounded, in number and in time', async () => {
    const cache = aCache({ max: 2, ttlMs: 60_000 });
    for (const name of ['a', 'b', 'c']) await cache.get(name, loading(name));
    expect(['a', 'b', 'c'].map((name) => cache.peek(name)?.name)).toEqual([undefined, 'b', 'c']);
    const brief = aCache({ max: 2, ttlMs: 150 });
    await brief.get('a', loading('a'));
    expect(brief.peek('a')).toEqual({ name: 'a' });
    await expect.poll(() => brief.peek('a'), { timeout: 2000 }).toBeUndefined();
  });
});
