import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCallback {
  method: string;
  /** Path and query, as sent. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The exact text that was signed. */
  rawBody: string;
  /** The parsed body; undefined when it is not JSON. */
  body: any;
  /** Unix milliseconds with a fraction, from the monotonic clock. */
  at: number;
}

export interface SinkAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  delayMs?: number;
}

/** `hang` never answers, `reset` cuts the connection. */
export type SinkBehaviour = SinkAnswer | 'hang' | 'reset';

export interface CallbackSinkOptions {
  /** `count` is the number of this request since the start, from 1. Default: 200 to everything. */
  answer?: (request: ReceivedCallback, count: number) => SinkBehaviour;
}

export interface CallbackSink {
  url: string;
  port: number;
  /** Everything since the start or the last `clear()`, in the order of arrival. */
  received: ReceivedCallback[];
  /** A number waits until that many have arrived in all and answers them; a predicate answers the first that fits. */
  waitFor(count: number, timeoutMs: number): Promise<ReceivedCallback[]>;
  waitFor(predicate: (request: ReceivedCallback) => boolean, timeoutMs: number): Promise<ReceivedCallback>;
  clear(): void;
  close(): Promise<void>;
}

/** A list that can be waited for: what has arrived counts, and waiting costs nothing but a look at each arrival. */
export class Arrivals<T> {
  readonly items: T[] = [];
  private readonly waiting = new Set<() => void>();

  push(item: T): void {
    this.items.push(item);
    for (const look of this.waiting) look();
  }

  clear(): void {
    this.items.length = 0;
  }

  async count(expected: number, timeoutMs: number): Promise<T[]> {
    await this.until(() => (this.items.length >= expected ? true : undefined), `${expected} arrivals`, timeoutMs);
    return this.items.slice();
  }

  first(predicate: (item: T) => boolean, what: string, timeoutMs: number): Promise<T> {
    let seen = 0;
    return this.until(() => {
      if (seen > this.items.length) seen = 0; // cleared meanwhile
      while (seen < this.items.length) {
        const item = this.items[seen++]!;
        if (predicate(item)) return item;
      }
      return undefined;
    }, what, timeoutMs);
  }

  private until<R>(find: () => R | undefined, what: string, timeoutMs: number): Promise<R> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.waiting.delete(look);
        settle();
      };
      const look = (): void => {
        try {
          const found = find();
          if (found !== undefined) finish(() => resolve(found));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      const timer = setTimeout(() => {
        finish(() => reject(new Error(`No ${what} within ${timeoutMs} ms; ${this.items.length} arrived.`)));
      }, timeoutMs);
      this.waiting.add(look);
      look();
    });
  }
}

/** A real HTTP receiver of callbacks on a free port of 127.0.0.1. */
export async function startCallbackSink(options: CallbackSinkOptions = {}): Promise<CallbackSink> {
  const arrivals = new Arrivals<ReceivedCallback>();
  const delayed = new Set<NodeJS.Timeout>();
  let count = 0;

  const reply = (response: ServerResponse, answer: SinkAnswer): void => {
    const body = answer.body ?? '';
    response.writeHead(answer.status, { 'content-length': Buffer.byteLength(body), ...answer.headers });
    response.end(body);
  };

  const respond = (request: IncomingMessage, response: ServerResponse, behaviour: SinkBehaviour): void => {
    if (behaviour === 'hang') return;
    if (behaviour === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (behaviour.delayMs === undefined) {
      reply(response, behaviour);
      return;
    }
    const timer = setTimeout(() => {
      delayed.delete(timer);
      reply(response, behaviour);
    }, behaviour.delayMs);
    delayed.add(timer);
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined); // a sender that dies in the middle has delivered nothing
    request.on('end', () => {
      const received = read(request, chunks);
      count += 1;
      // Decided before anyone who waits for this arrival can change the receiver's mind.
      const behaviour = options.answer?.(received, count) ?? { status: 200 };
      arrivals.push(received);
      respond(request, response, behaviour);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  function waitFor(expected: number, timeoutMs: number): Promise<ReceivedCallback[]>;
  function waitFor(predicate: (request: ReceivedCallback) => boolean, timeoutMs: number): Promise<ReceivedCallback>;
  function waitFor(
    expected: number | ((request: ReceivedCallback) => boolean),
    timeoutMs: number,
  ): Promise<ReceivedCallback[] | ReceivedCallback> {
    return typeof expected === 'number'
      ? arrivals.count(expected, timeoutMs)
      : arrivals.first(expected, 'matching callback', timeoutMs);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received: arrivals.items,
    waitFor,
    clear: () => arrivals.clear(),
    close: async () => {
      for (const timer of delayed) clearTimeout(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function read(request: IncomingMessage, chunks: Buffer[]): ReceivedCallback {
  const rawBody = (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8');
  return {
    method: request.method ?? '',
    path: request.url ?? '/',
    headers: request.headers,
    rawBody,
    body: parse(rawBody),
    at: performance.timeOrigin + performance.now(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
