import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Exchange } from './exchange.js';
import type { Connector } from './guarded-connector.js';

/**
 * Idle sockets are closed before receivers usually close them (2 s is the shortest common limit), for a request
 * that meets a closing socket is lost; a receiver that names its limit gets that, less a second.
 */
const KEEP_ALIVE = { keepAliveTimeout: 1_500, keepAliveMaxTimeout: 30_000, keepAliveTimeoutThreshold: 1_000 };

/** 0 is none: the deadline of the exchange covers all of it. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 };

export interface PoolSettings {
  origin: string;
  connections: number;
  connector: Connector;
  idle: IdleConnections;
  onEmpty: () => void;
}

/** What idles over all origins, the longest idle first; the bound keeps many quiet origins from holding sockets. */
export class IdleConnections {
  private readonly connections = new Set<Connection>();

  constructor(private readonly limit: number) {}

  add(connection: Connection): void {
    this.connections.add(connection);
    if (this.connections.size <= this.limit) return;
    for (const oldest of this.connections) return oldest.discard();
  }

  delete(connection: Connection): void {
    this.connections.delete(connection);
  }
}

/**
 * The connections to one origin, one exchange at a time on each; what finds none free waits in order of arrival.
 * undici's own Pool is not used because it keeps and even connects for requests that nobody waits for any more,
 * and exceeds its bound while an origin cannot be reached.
 */
export class OriginPool {
  private readonly connections = new Set<Connection>();
  private readonly free: Connection[] = [];
  private readonly waiting: Exchange[] = [];

  constructor(private readonly settings: PoolSettings) {}

  submit(exchange: Exchange): void {
    const connection = exchange.anew ? (this.open() ?? this.takeFree()) : (this.takeFree() ?? this.open());
    if (connection) connection.carry(exchange);
    else this.waiting.push(exchange);
  }

  destroy(reason: Error): void {
    for (const exchange of this.waiting.splice(0)) exchange.cancel(reason);
    for (const connection of [...this.connections]) connection.destroy(reason);
  }

  released(connection: Connection): void {
    const next = this.nextWaiting();
    if (next) return connection.carry(next);
    this.free.push(connection);
    this.settings.idle.add(connection);
  }

  dropped(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const at = this.free.indexOf(connection);
    if (at !== -1) this.free.splice(at, 1);
    this.settings.idle.delete(connection);
    const next = this.nextWaiting();
    if (next) this.open()?.carry(next);
    else if (this.connections.size === 0) this.settings.onEmpty();
  }

  /** The one used last: the others may then idle out, and it is the least likely to be stale. */
  private takeFree(): Connection | undefined {
    const connection = this.free.pop();
    if (connection) this.settings.idle.delete(connection);
    return connection;
  }

  private open(): Connection | undefined {
    if (this.connections.size >= this.settings.connections) return undefined;
    const connection = new Connection(this, this.settings);
    this.connections.add(connection);
    return connection;
  }

  private nextWaiting(): Exchange | undefined {
    let next = this.waiting.shift();
    while (next?.settled) next = this.waiting.shift();
    return next;
  }
}

/** One socket at most, and whatever ends it or its attempt ends this too. */
export class Connection {
  private readonly client: Client;
  private connecting: Socket | undefined;
  private exchange: Exchange | undefined;
  private used = false;

  constructor(
    private readonly pool: OriginPool,
    { origin, connector }: PoolSettings,
  ) {
    this.client = new Client(origin, {
      ...KEEP_ALIVE,
      ...NO_TIMEOUTS,
      pipelining: 1,
      connect: (options, callback) => {
        this.connecting = connector(options, (...outcome) => {
          this.connecting = undefined;
          callback(...outcome);
        });
      },
    });
    this.client.on('disconnect', () => {
      if (!this.exchange) this.discard();
    });
  }

  carry(exchange: Exchange): void {
    this.exchange = exchange;
    exchange.stage = 'connecting';
    exchange.reused = this.used;
    this.used = true;
    exchange.onReleased = (reusable) => {
      this.exchange = undefined;
      if (reusable) this.pool.released(this);
      else this.discard();
    };
    this.client.dispatch(exchange.options, exchange);
  }

  destroy(reason: Error): void {
    if (this.exchange) this.exchange.cancel(reason);
    else this.discard();
  }

  discard(): void {
    this.pool.dropped(this);
    // Not at once: this may run inside one of the client's own callbacks.
    queueMicrotask(() => {
      this.connecting?.destroy();
      this.client.destroy().catch(() => undefined);
    });
  }
}
