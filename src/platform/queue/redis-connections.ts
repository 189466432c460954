import { Redis, type RedisOptions } from 'ioredis';

const LONGEST_RETRY_DELAY_MS = 2_000;

/** One connection for commands, and the copies that BullMQ makes of it for commands that block. */
export class RedisConnections extends Redis {
  private readonly copies: Redis[] = [];

  constructor(
    url: string,
    private readonly listenToErrors: (error: unknown) => void,
  ) {
    super(url, {
      // Commands outlive a restart of Redis instead of failing; BullMQ demands it of its workers.
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(times * 100, LONGEST_RETRY_DELAY_MS),
    });
    this.on('error', listenToErrors);
  }

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(override);
    copy.on('error', this.listenToErrors);
    this.copies.push(copy);
    return copy;
  }

  /** Whatever waits for an answer on these connections fails now, or when the last attempt to connect did. */
  release(): void {
    for (const connection of [this, ...this.copies]) {
      if (connection.status === 'end') continue;
      connection.disconnect();
      // A client told to disconnect while it waits to connect again never ends, and never answers its
      // pending commands; one more attempt to connect makes it end.
      if (connection.status === 'reconnecting') {
        connection.connect().then(
          () => connection.disconnect(),
          () => {},
        );
      }
    }
  }
}
