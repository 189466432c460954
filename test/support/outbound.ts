import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect } from 'vitest';
import { AddressGuard } from '../../src/platform/outbound/address-guard.js';
import { OutboundClient, OutboundError } from '../../src/platform/outbound/outbound-client.js';
import type { OutboundClientOptions, OutboundRequest } from '../../src/platform/outbound/outbound-client.js';

export interface HttpReceiver {
  url: string;
  requests: { method: string; url: string; headers: Record<string, unknown>; body: string }[];
  sockets: Socket[];
}

export interface SocketReceiver {
  port: number;
  http: string;
  https: string;
  sockets: Socket[];
  close(): Promise<void>;
  connected(): Promise<Socket[]>;
  allClosed(): Promise<unknown>;
}

export interface OutboundBench {
  /** One that may reach 127.0.0.0/8. */
  client: (options?: Partial<OutboundClientOptions>) => OutboundClient;
  /** As a client of its own does it. */
  send: (url: string, options?: { timeoutMs?: number; client?: Partial<OutboundClientOptions> }) => ReturnType<OutboundClient['send']>;
  httpReceiver: (answer: RequestListener) => Promise<HttpReceiver>;
  socketReceiver: (onSocket: (socket: Socket) => unknown) => Promise<SocketReceiver>;
  /** After the test, the last first. */
  afterwards: (cleanup: () => unknown) => void;
}

/** Clients and receivers that are there for one test each. */
export function outboundBench(): OutboundBench {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const client = (options: Partial<OutboundClientOptions> = {}): OutboundClient => {
    const outbound = new OutboundClient({ guard: new AddressGuard(['127.0.0.0/8']), ...options });
    cleanups.push(() => outbound.destroy());
    return outbound;
  };
  return {
    client,
    send: (url, options = {}) => client(options.client).send(post(url, options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs })),
    afterwards: (cleanup) => void cleanups.push(cleanup),
    async httpReceiver(answer) {
      const requests: HttpReceiver['requests'] = [];
      const sockets: Socket[] = [];
      const server = createHttpServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const { method = '', url = '', headers } = request;
          requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
          answer(request, response);
        });
      });
      server.on('connection', (socket) => sockets.push(socket));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      cleanups.push(() => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      });
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, sockets };
    },
    async socketReceiver(onSocket) {
      const sockets: Socket[] = [];
      const server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined).resume();
        onSocket(socket);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const close = async (): Promise<void> => {
        for (const socket of sockets) socket.destroy();
        if (server.listening) await new Promise((resolve) => server.close(resolve));
      };
      cleanups.push(close);
      return {
        port,
        http: `http://127.0.0.1:${port}/`,
        https: `https://127.0.0.1:${port}/`,
        sockets,
        close,
        connected: async () => (sockets.length > 0 ? sockets : once(server, 'connection')) as Promise<Socket[]>,
        allClosed: () => Promise.all(sockets.map(closed)),
      };
    },
  };
}

export function post(url: string, changes: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, method: 'POST', headers: {}, body: '{}', timeoutMs: 10_000, ...changes };
}

export function failure(sent: Promise<unknown>): Promise<OutboundError> {
  return sent.then(
    () => expect.fail('it was answered'),
    (error) => {
      expect(error).toBeInstanceOf(OutboundError);
      return error;
    },
  );
}

/** A reset is an end too, so not `once`, which rejects on it. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}
