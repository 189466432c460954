import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

const REPEATED_ERROR_MS = 10_000;

/** The connections to Redis that features share; queues keep their own. */
export class RedisConnections {
  private readonly opened: Redis[] = [];

  private constructor(
    private readonly create: () => Redis,
    /** For plain commands. */
    readonly commands: Redis,
  ) {
    this.opened.push(commands);
  }

  static async open(url: string, logger: Logger): Promise<RedisConnections> {
    const { Redis } = await import('ioredis');
    const report = occasionally((error) => logger.warn({ err: error }, 'redis connection failed'));
    const create = (): Redis => {
      const client = new Redis(url, {
        maxRetriesPerRequest: 3,
        // Commands of one turn of the event loop leave in one write.
        enableAutoPipelining: true,
        retryStrategy: (times) => Math.min(times * 100, 2000),
        connectTimeout: 5000,
      });
      client.on('error', (error: Error) => report(error));
      return client;
    };
    return new RedisConnections(create, create());
  }

  /** A connection of its own, for subscriptions and blocking reads. */
  dedicated(): Redis {
    const client = this.create();
    this.opened.push(client);
    return client;
  }

  async ping(): Promise<void> {
    await this.commands.ping();
  }

  close(): void {
    for (const client of this.opened) client.disconnect();
  }
}

/** While Redis is away every connection tells it again and again. */
function occasionally(report: (error: Error) => void): (error: Error) => void {
  let quietUntil = 0;
  return (error) => {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + REPEATED_ERROR_MS;
    report(error);
  };
}
