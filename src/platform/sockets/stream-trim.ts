import type { RedisConnections } from '../redis/redis.js';

/**
 * Drops from a stream what is older: its bound is a number of packets, which a quiet desk reaches after months, and what
 * nobody can ask for any more must not be kept.
 */
export async function trimStream(redis: RedisConnections, stream: string, olderThanMs: number): Promise<void> {
  const [seconds] = await redis.commands.time();
  await redis.commands.xtrim(stream, 'MINID', Number(seconds) * 1000 - olderThanMs);
}
