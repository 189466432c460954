import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Arrivals } from '../support/callback-sink.js';

export interface HeldCallback {
  path: string;
  webhookId: string;
  rawBody: string;
  /** Answers 200; resolves when the answer has left, or can no longer. */
  release(): Promise<void>;
}

/** A receiver that answers when it is told to: the test chooses the moment. */
export class HeldReceiver {
  readonly arrivals = new Arrivals<HeldCallback>();
  private readonly holding = new Set<string>();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const path = request.url ?? '/';
      const held = { path, webhookId: String(request.headers['webhook-id']), rawBody: Buffer.concat(chunks).toString(), release: () => answer(response) };
      this.arrivals.push(held);
      if (!this.holding.has(path)) void held.release();
    });
  });

  async start(): Promise<string> {
    this.server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on nothing at this path is answered. */
  hold(path: string): void {
    this.holding.add(path);
  }

  /** What comes from now on is answered; what is held stays so. */
  letThrough(path: string): void {
    this.holding.delete(path);
  }

  at(path: string): HeldCallback[] {
    return this.arrivals.items.filter((callback) => callback.path === path);
  }

  /** Waits for that many different webhook-ids, each of which came so many times at the least. */
  async waitFor(path: string, ids: number, times: number, timeoutMs: number): Promise<void> {
    const counts = new Map<string, number>();
    let complete = 0;
    await this.arrivals.first(
      (callback) => {
        if (callback.path !== path) return false;
        const count = (counts.get(callback.webhookId) ?? 0) + 1;
        counts.set(callback.webhookId, count);
        if (count === times) complete += 1;
        return complete >= ids;
      },
      `${times} arrival(s) of each of ${ids} callbacks at ${path}`,
      timeoutMs,
    );
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }
}

function answer(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    response.once('close', resolve);
    response.writeHead(200, { 'content-length': 0 }).end(resolve);
  });
}
