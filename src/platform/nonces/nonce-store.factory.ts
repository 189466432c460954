import type { Logger } from 'pino';
import type { RedisConnections } from '../redis/redis.js';
import { MemoryNonceStore } from './memory-nonce-store.js';
import type { NonceStore } from './nonce-store.js';

export interface NonceStoreOptions {
  /** Null where this process is alone. */
  redis: RedisConnections | null;
  /** Begins every key in Redis. */
  prefix: string;
  /** Unix ms. */
  now: number;
  logger: Logger;
}

export async function createNonceStore({ redis, prefix, now, logger }: NonceStoreOptions): Promise<NonceStore> {
  if (redis === null) return new MemoryNonceStore(now);
  const { RedisNonceStore } = await import('./redis-nonce-store.js');
  const store = new RedisNonceStore(redis, prefix, logger);
  await store.establish(now);
  return store;
}
