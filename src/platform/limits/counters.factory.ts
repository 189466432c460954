import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { RedisConnections } from '../redis/redis.js';
import type { Counters } from './counters.js';
import { InsuredCounters } from './insured-counters.js';
import { MemoryCounters } from './memory-counters.js';

interface CountersOptions {
  redis: RedisConnections | null;
  /** Begins every key in Redis. */
  prefix: string;
  logger: Logger;
  registry: Registry;
}

export async function createCounters({ redis, prefix, logger, registry }: CountersOptions): Promise<Counters> {
  if (redis === null) return new MemoryCounters();
  const { RedisCounters } = await import('./redis-counters.js');
  return new InsuredCounters(new RedisCounters(redis.commands, prefix), new MemoryCounters(), logger, registry);
}
