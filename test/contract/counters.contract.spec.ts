import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import type { Counters } from '../../src/platform/limits/counters.js';
import { InsuredCounters } from '../../src/platform/limits/insured-counters.js';
import { MemoryCounters } from '../../src/platform/limits/memory-counters.js';
import { RedisCounters } from '../../src/platform/limits/redis-counters.js';
import { createLogger } from '../../src/platform/observability/logger.js';
import { RedisConnections } from '../../src/platform/redis/redis.js';
import { HAS_SERVERS } from '../support/cluster.js';

const logger = createLogger('silent');
let redis: RedisConnections | undefined;

beforeAll(async () => {
  if (!HAS_SERVERS) return;
  redis = await RedisConnections.open(process.env.TEST_REDIS_URL!, logger);
  await redis.ping();
});

afterAll(() => redis?.close());

interface Adapter {
  name: string;
  needsRedis: boolean;
  /** Two that share what they count where the adapter does so, the same one twice otherwise. */
  make: (prefix: string) => [Counters, Counters];
}

const inRedis = (prefix: string): Counters => new RedisCounters(redis!.commands, prefix);
const insured = (prefix: string): Counters => new InsuredCounters(inRedis(prefix), new MemoryCounters(), logger, new Registry());

const ADAPTERS: Adapter[] = [
  {
    name: 'memory',
    needsRedis: false,
    make: () => {
      const counters = new MemoryCounters();
      return [counters, counters];
    },
  },
  { name: 'Redis', needsRedis: true, make: (prefix) => [inRedis(prefix), inRedis(prefix)] },
  { name: 'insured Redis', needsRedis: true, make: (prefix) => [insured(prefix), insured(prefix)] },
];

for (const { name, needsRedis, make } of ADAPTERS) {
  describe.runIf(!needsRedis || HAS_SERVERS)(`counters in ${name}`, () => {
    let one: Counters;
    let other: Counters;

    beforeAll(() => {
      [one, other] = make(`crossdesk:test:${randomUUID()}`);
    });

    it('give each of many at once a number of its own', async () => {
      const counts = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? one : other).count('many', 60)));
      expect(counts.map(({ used }) => used).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
      for (const { resetMs } of counts) {
        expect(resetMs).toBeGreaterThan(55_000);
        expect(resetMs).toBeLessThanOrEqual(60_000);
      }
    });

    it('count each key for itself', async () => {
      expect((await one.count('a', 60)).used).toBe(1);
      expect((await other.count('b', 60)).used).toBe(1);
      expect((await other.count('a', 60)).used).toBe(2);
    });

    it('begin anew when the window has ended', async () => {
      await one.count('brief', 1);
      expect((await one.count('brief', 1)).used).toBe(2);
      await expect.poll(() => one.read('brief'), { timeout: 3000 }).toBeNull();
      expect((await one.count('brief', 1)).used).toBe(1);
    });

    it('keep the length of a window that has begun', async () => {
      await one.count('kept', 1);
      expect((await other.count('kept', 600)).resetMs).toBeLessThanOrEqual(1000);
    });

    it('tell what was counted without counting it', async () => {
      expect(await one.read('told')).toBeNull();
      await one.count('told', 60);
      expect(await other.read('told')).toMatchObject({ used: 1 });
      expect(await one.read('told')).toMatchObject({ used: 1 });
    });

    it('forget', async () => {
      await one.count('forgotten', 60);
      await other.forget('forgotten');
      expect(await one.read('forgotten')).toBeNull();
      expect((await one.count('forgotten', 60)).used).toBe(1);
      await one.forget('never counted');
    });
  });
}
