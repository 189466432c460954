import { LRUCache } from 'lru-cache';
import { Exchange } from './exchange.js';
import { guardedConnector, type Connector, type ConnectorOptions } from './guarded-connector.js';
import { IdleConnections, OriginPool } from './origin-pool.js';
import { OutboundError, type OutboundRequest, type OutboundResponse } from './outbound-request.js';

export { OutboundError };
export type { OutboundRequest, OutboundResponse };
export type { OutboundErrorCode } from './outbound-request.js';

export interface OutboundClientOptions extends ConnectorOptions {
  /** For each group. */
  connectionsPerOrigin?: number;
  /** Over all origins. */
  idleConnections?: number;
}

/**
 * Sends requests to addresses that strangers chose. Sends each at most once and never again by itself; follows no
 * redirect; rejects with OutboundError and nothing else.
 */
export class OutboundClient {
  private readonly pools = new Map<string, OriginPool>();
  private readonly connector: Connector;
  private readonly connectionsPerOrigin: number;
  private readonly idle: IdleConnections;
  /** Reading a URL costs as much as signing a request, and most go where others went. */
  private readonly urls = new LRUCache<string, URL>({ max: 1024 });
  private inFlight = 0;
  private closed = false;
  private readonly whenQuiet: (() => void)[] = [];

  constructor(options: OutboundClientOptions) {
    this.connector = guardedConnector(options);
    this.connectionsPerOrigin = options.connectionsPerOrigin ?? 32;
    this.idle = new IdleConnections(options.idleConnections ?? 512);
  }

  send(request: OutboundRequest): Promise<OutboundResponse> {
    if (this.closed) return Promise.reject(closedError());
    const url = this.urlOf(request.url);
    if (!url) {
      const message = 'the URL has to be http: or https: and without user name and password';
      return Promise.reject(new OutboundError('protocol', message, 0, { permanent: true }));
    }
    this.inFlight++;
    const exchange = new Exchange(request, url, this.onSettled);
    if (!exchange.settled) this.poolOf(url.origin, request.group ?? '').submit(exchange);
    return exchange.response;
  }

  /** Takes nothing new and waits for what is in flight. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.inFlight > 0) await new Promise<void>((resolve) => this.whenQuiet.push(resolve));
    await this.destroy();
  }

  /** Ends what is in flight as `aborted`. */
  async destroy(): Promise<void> {
    this.closed = true;
    for (const pool of [...this.pools.values()]) pool.destroy(closedError());
  }

  private urlOf(text: string): URL | null {
    const known = this.urls.get(text);
    if (known !== undefined) return known;
    const url = usableUrl(text);
    if (url !== null) this.urls.set(text, url);
    return url;
  }

  private poolOf(origin: string, group: string): OriginPool {
    const key = `${group} ${origin}`;
    const known = this.pools.get(key);
    if (known) return known;
    const pool = new OriginPool({
      origin,
      connections: this.connectionsPerOrigin,
      connector: this.connector,
      idle: this.idle,
      onEmpty: () => this.pools.delete(key),
    });
    this.pools.set(key, pool);
    return pool;
  }

  private readonly onSettled = (): void => {
    this.inFlight--;
    if (this.inFlight === 0) for (const resolve of this.whenQuiet.splice(0)) resolve();
  };
}

function usableUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return null;
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}

function closedError(): OutboundError {
  return new OutboundError('aborted', 'the outbound client is closed', 0);
}
