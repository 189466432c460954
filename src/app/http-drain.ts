import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a connection may stay open that nothing came in on, so that a request on its way is not cut off. */
const LINGER_MS = 200;

/** Long polls of Socket.IO wait for news and not for an answer; they end with their server. */
const WAITS_FOR_NEWS = /^\/socket\.io\//;

/**
 * Lets every request that got through come to its end when the process stops. Node and Fastify would close a
 * connection between two requests at once, and with it a request that its caller has just sent, and they would wait
 * for connections on which no request ever comes.
 */
export class HttpDrain {
  private readonly unanswered = new Set<ServerResponse>();
  private stopping = false;
  private onAnswer: () => void = () => undefined;

  constructor(private readonly server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (WAITS_FOR_NEWS.test(request.url ?? '')) return;
      if (this.stopping) response.shouldKeepAlive = false;
      this.unanswered.add(response);
      response.once('close', () => {
        this.unanswered.delete(response);
        this.onAnswer();
      });
    });
  }

  /** New callers find no listener; the others get their answers, each with the word that its connection ends. */
  async drain(timeoutMs: number): Promise<void> {
    this.stopping = true;
    const deadline = performance.now() + timeoutMs;
    // The method of HTTP's own server would close what is idle.
    NetServer.prototype.close.call(this.server);
    for (const response of this.unanswered) if (!response.headersSent) response.shouldKeepAlive = false;
    await delay(Math.min(LINGER_MS, timeoutMs));
    await this.answered(Math.max(0, deadline - performance.now()));
    this.server.closeAllConnections();
  }

  private async answered(timeoutMs: number): Promise<void> {
    if (this.unanswered.size === 0) return;
    const late = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => {
        this.onAnswer = () => {
          if (this.unanswered.size === 0) resolve();
        };
      }),
      delay(timeoutMs, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
  }
}
