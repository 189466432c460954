import { describe, expect, it } from 'vitest';
import { startPrivateRedis } from '../../../test/support/services.js';
import { createLogger } from '../observability/logger.js';
import { RedisConnections } from '../redis/redis.js';
import { trimStream } from './stream-trim.js';

describe.runIf(process.env.TEST_MATRIX === 'servers')('trimStream', () => {
  it('drops what is older, and keeps what is not', async () => {
    const server = await startPrivateRedis();
    const redis = await RedisConnections.open(server.url, createLogger('silent'));
    const [seconds] = await redis.commands.time();
    const now = Number(seconds) * 1000;
    for (const age of [180_000, 121_000, 119_000, 0]) await redis.commands.xadd('packets', `${now - age}-0`, 'age', age);
    await trimStream(redis, 'packets', 120_000);
    expect((await redis.commands.xrange('packets', '-', '+')).map(([, fields]) => fields[1])).toEqual(['119000', '0']);
    redis.close();
    await server.stop();
  });
});
