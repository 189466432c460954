import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** Stands between a process and a server that is shared with other tests, and can be taken away. */
export interface TcpProxy {
  port: number;
  /** `host:port` of the given URL replaced by the proxy's. */
  instead(url: string): string;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  /** Connections stay, and new ones are accepted, but nothing goes through. */
  freeze(): void;
  /** Lets through again, what was frozen too. */
  restore(): void;
  /** How many connections were refused so far. */
  refused(): number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  let refused = 0;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    if (state === 'frozen') socket.pause();
  };
  const server = createServer((client) => {
    if (state === 'cut') {
      refused += 1;
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(targetPort), hostname);
    track(client);
    track(upstream);
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      from.on('data', (chunk) => to.write(chunk));
      if (state === 'frozen') from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    instead(url) {
      const parts = new URL(url);
      parts.hostname = '127.0.0.1';
      parts.port = String(port);
      return parts.href;
    },
    refused: () => refused,
    cut() {
      state = 'cut';
      for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze() {
      state = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    restore() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
