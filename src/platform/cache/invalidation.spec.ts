import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPrivateRedis } from '../../../test/support/services.js';
import type { PrivateRedis } from '../../../test/support/services.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import type { TcpProxy } from '../../../test/support/tcp-proxy.js';
import { createLogger } from '../observability/logger.js';
import { RedisConnections } from '../redis/redis.js';
import { Cache } from './cache.js';
import { RedisInvalidation } from './invalidation.js';

const logger = createLogger('silent');
const CHANNEL = 'crossdesk:test:invalidate';

describe.runIf(process.env.TEST_MATRIX === 'servers')('invalidation through Redis', () => {
  let redis: PrivateRedis;
  let proxy: TcpProxy;
  let connections: RedisConnections[];

  beforeEach(async () => {
    redis = await startPrivateRedis();
    proxy = await startTcpProxy(redis.url);
    connections = [];
  });

  afterEach(async () => {
    for (const each of connections) each.close();
    await proxy.close();
    await redis.stop();
  });

  async function anInstance(url: string): Promise<{ invalidation: RedisInvalidation; cache: Cache<{ at: number }>; resets: () => number }> {
    const connection = await RedisConnections.open(url, logger);
    connections.push(connection);
    const invalidation = new RedisInvalidation(connection, CHANNEL, logger);
    let resets = 0;
    invalidation.onReset(() => resets++);
    return { invalidation, cache: new Cache('thing', invalidation, { max: 10, ttlMs: 600_000 }), resets: () => resets };
  }

  const fill = (cache: Cache<{ at: number }>, key = 'a: b c') => cache.get(key, async () => ({ at: 1 }));

  it('reaches the other instances, and this one at once', async () => {
    const one = await anInstance(redis.url);
    const other = await anInstance(redis.url);
    await expect.poll(() => [one.resets(), other.resets()]).toEqual([1, 1]);
    await fill(one.cache);
    await fill(other.cache);
    await fill(other.cache, 'kept');
    one.cache.forget('a: b c');
    expect(one.cache.peek('a: b c')).toBeUndefined();
    await expect.poll(() => other.cache.peek('a: b c')).toBeUndefined();
    expect(other.cache.peek('kept')).toEqual({ at: 1 });
  });

  it('forgets all after Redis was away, and hears again', async () => {
    const one = await anInstance(redis.url);
    const other = await anInstance(proxy.instead(redis.url));
    await expect.poll(() => other.resets()).toBe(1);
    await fill(other.cache);
    proxy.cut();
    one.cache.forget('a: b c');
    proxy.restore();
    await expect.poll(() => other.cache.peek('a: b c'), { timeout: 5000 }).toBeUndefined();
    await fill(other.cache);
    one.cache.forget('a: b c');
    await expect.poll(() => other.cache.peek('a: b c')).toBeUndefined();
  });

  it('begins when Redis comes, where it was not there at the start', async () => {
    const one = await anInstance(redis.url);
    proxy.cut();
    const other = await anInstance(proxy.instead(redis.url));
    // Each of its two connections has been refused more than once.
    await expect.poll(() => proxy.refused(), { timeout: 5000 }).toBeGreaterThan(5);
    proxy.restore();
    await expect.poll(() => other.resets(), { timeout: 5000 }).toBe(1);
    await fill(other.cache);
    one.cache.forget('a: b c');
    await expect.poll(() => other.cache.peek('a: b c')).toBeUndefined();
  });

  it('survives a restart of Redis', async () => {
    const one = await anInstance(redis.url);
    const other = await anInstance(redis.url);
    await expect.poll(() => [one.resets(), other.resets()]).toEqual([1, 1]);
    await redis.restart();
    await expect.poll(() => [one.resets(), other.resets()], { timeout: 5000 }).toEqual([2, 2]);
    await fill(other.cache);
    one.cache.forget('a: b c');
    await expect.poll(() => other.cache.peek('a: b c')).toBeUndefined();
  });
});
