import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryNonceStore } from '../../src/platform/nonces/memory-nonce-store.js';
import type { NonceStore, NonceUse } from '../../src/platform/nonces/nonce-store.js';
import { RedisNonceStore } from '../../src/platform/nonces/redis-nonce-store.js';
import { RedisConnections } from '../../src/platform/redis/redis.js';
import { startPrivateRedis } from '../support/services.js';
import type { PrivateRedis } from '../support/services.js';

const START = 1_700_000_000_000;
const MINUTE = 60_000;
const hasRedis = process.env.TEST_MATRIX === 'servers';
let made = 0;

/** One that nobody claimed before, which lapses in five minutes. */
function use(over: Partial<NonceUse> = {}): NonceUse {
  return { owner: 'sgk_1', nonce: `nonce ${(made += 1)}`, now: START, until: (over.now ?? START) + 5 * MINUTE, ...over };
}

async function freshness(store: NonceStore, ...uses: NonceUse[]): Promise<boolean[]> {
  const claims: boolean[] = [];
  for (const each of uses) claims.push((await store.claim(each)).fresh);
  return claims;
}

function keepsItsWord(stores: () => [NonceStore, NonceStore]): void {
  it('takes a nonce once, from each owner', async () => {
    const [one, other] = stores();
    const claimed = use();
    expect(await freshness(one, claimed, claimed, { ...claimed, owner: 'sgk_2' }, { ...claimed, owner: 'sgk_2' })).toEqual([true, false, true, false]);
    expect(await freshness(other, claimed, use())).toEqual([false, true]);
  });

  it('tells apart nonces that look alike', async () => {
    const [store] = stores();
    expect(await freshness(store, use({ nonce: 'a' }), use({ nonce: 'A' }), use({ nonce: 'a ' }), use({ nonce: 'a:b' }), use({ nonce: '' }))).toEqual([true, true, true, true, true]);
  });

  it('is fresh for one of many at once', async () => {
    const claimed = use();
    const claims = await Promise.all(Array.from({ length: 40 }, (_, index) => stores()[index % 2]!.claim(claimed)));
    expect(claims.filter(({ fresh }) => fresh)).toHaveLength(1);
  });

  it('remembers until the nonce lapses, whatever lapsed before', async () => {
    const [store] = stores();
    const late = use({ until: START + 10 * MINUTE });
    const early = use({ until: START + MINUTE });
    expect(await freshness(store, late, early)).toEqual([true, true]);
    for (const now of [START + MINUTE, START + 5 * MINUTE, START + 10 * MINUTE - 1]) expect(await freshness(store, use({ now }), { ...late, now })).toEqual([true, false]);
  });

  it('says since when it knows', async () => {
    for (const store of stores()) expect((await store.claim(use())).knowsSince).toBe(START);
  });
}

describe('nonces in memory', () => {
  const store = new MemoryNonceStore(START);
  keepsItsWord(() => [store, store]);

  it('are refused when there are too many, and taken again when the others have lapsed', async () => {
    const small = new MemoryNonceStore(START, { perOwner: 2, total: 3 });
    expect(await freshness(small, use(), use())).toEqual([true, true]);
    await expect(small.claim(use())).rejects.toMatchObject({ code: 'auth.nonces_unavailable', kind: 'unavailable' });
    expect(await freshness(small, use({ owner: 'sgk_2' }))).toEqual([true]);
    for (const owner of ['sgk_2', 'sgk_3']) await expect(small.claim(use({ owner }))).rejects.toMatchObject({ code: 'auth.nonces_unavailable' });
    const now = START + 7 * MINUTE;
    expect(await freshness(small, use({ now }), use({ now }), use({ now, owner: 'sgk_3' }))).toEqual([true, true, true]);
  });
});

describe.runIf(hasRedis)('nonces in Redis', () => {
  const logger = pino({ level: 'silent' });
  let server: PrivateRedis;
  let connections: RedisConnections[];
  let stores: [RedisNonceStore, RedisNonceStore];
  let redis: Redis;

  beforeAll(async () => {
    server = await startPrivateRedis();
    connections = [await RedisConnections.open(server.url, logger), await RedisConnections.open(server.url, logger)];
    stores = connections.map((each) => new RedisNonceStore(each, 'test:nonces', logger)) as typeof stores;
    redis = new Redis(server.url);
    await stores[0].establish(START);
    await stores[1].establish(START + MINUTE);
  });

  afterAll(async () => {
    for (const each of connections ?? []) each.close();
    redis?.disconnect();
    await server?.stop();
  });

  keepsItsWord(() => stores);

  it('are forgotten a minute after they have lapsed', async () => {
    const claimed = use({ owner: 'sgk_ttl' });
    await stores[0].claim(claimed);
    const [key] = await redis.keys('test:nonces:sgk_ttl:*');
    const leftMs = await redis.pttl(key!);
    expect(leftMs).toBeGreaterThan(5 * MINUTE);
    expect(leftMs).toBeLessThanOrEqual(6 * MINUTE);
  });

  it('are known anew when Redis comes back with what it had on disk', async () => {
    const marker = await redis.get('test:nonces:since');
    expect(marker).toMatch(/^[0-9a-f]{40} \d+$/);
    await redis.set('test:nonces:since', marker!.replace(/^\w+/, 'f'.repeat(40)));
    expect((await stores[1].claim(use({ now: START + 3 * MINUTE }))).knowsSince).toBe(START + 3 * MINUTE);
    expect((await stores[0].claim(use({ now: START + 4 * MINUTE }))).knowsSince).toBe(START + 3 * MINUTE);
  });

  it('are known anew when Redis was emptied', async () => {
    await redis.flushall();
    expect((await stores[0].claim(use({ now: START + 8 * MINUTE }))).knowsSince).toBe(START + 8 * MINUTE);
  });
});
