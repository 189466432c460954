import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisConnections } from '../redis/redis.js';

export type InvalidationListener = (topic: string, key: string) => void;

/**
 * Tells every instance that something it may have cached has changed. Best effort across processes: a message
 * can be lost with Redis, so caches also end by time.
 */
export abstract class Invalidation {
  private readonly listeners: InvalidationListener[] = [];
  private readonly resetListeners: (() => void)[] = [];

  abstract publish(topic: string, key: string): void;

  onInvalidate(listener: InvalidationListener): void {
    this.listeners.push(listener);
  }

  /** Told when messages may have been lost: whatever is cached may be stale. */
  onReset(listener: () => void): void {
    this.resetListeners.push(listener);
  }

  protected tell(topic: string, key: string): void {
    for (const listener of this.listeners) listener(topic, key);
  }

  protected tellReset(): void {
    for (const listener of this.resetListeners) listener();
  }
}

export class LocalInvalidation extends Invalidation {
  publish(topic: string, key: string): void {
    this.tell(topic, key);
  }
}

export class RedisInvalidation extends Invalidation {
  private readonly publisher: Redis;

  constructor(
    redis: RedisConnections,
    private readonly channel: string,
    private readonly logger: Logger,
  ) {
    super();
    this.publisher = redis.commands;
    const subscriber = redis.dedicated();
    // On every connection anew: a subscription that fails while Redis is away would never be tried again.
    subscriber.on('ready', () => {
      subscriber.subscribe(channel).then(
        () => this.tellReset(),
        (error: unknown) => this.logger.warn({ err: error }, 'cannot subscribe to invalidations'),
      );
    });
    subscriber.on('message', (_channel, message) => {
      const separator = message.indexOf(' ');
      this.tell(message.slice(0, separator), message.slice(separator + 1));
    });
  }

  /** This process forgets at once, the others when the message arrives. */
  publish(topic: string, key: string): void {
    this.tell(topic, key);
    this.publisher
      .publish(this.channel, `${topic} ${key}`)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'cannot tell others of a change'));
  }
}
