import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SelfMadeCertificate } from './self-made-certificate.js';
import { Arrivals } from './callback-sink.js';

export interface RawRequest {
  path: string;
  headers: Record<string, string>;
  /** The parsed JSON. */
  body: any;
}

/** Writes whatever it likes to the socket, or nothing. Bytes given back are written and end the connection. */
export type Misbehaviour = (socket: Socket, request: RawRequest) => string | Buffer | void;

export interface MisbehavingReceiver {
  url: string;
  port: number;
  requests: Arrivals<RawRequest>;
  /** Connections that were made, also those on which no request came. */
  connections: () => number;
  close(): Promise<void>;
}

export interface MisbehavingOptions {
  /** Asked for every whole request. */
  answer: Misbehaviour;
  /** Asked for every connection, before anything has come. */
  onConnection?: (socket: Socket) => void;
  host?: string;
  port?: number;
  tls?: SelfMadeCertificate;
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok';

/** A receiver below HTTP: it reads requests well enough to know them and answers with bytes of the test's choice. */
export async function startMisbehavingReceiver(options: MisbehavingOptions): Promise<MisbehavingReceiver> {
  const requests = new Arrivals<RawRequest>();
  const sockets = new Set<Socket>();
  let connections = 0;
  const accept = (socket: Socket): void => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk);
      const request = wholeRequest(text);
      if (request === null) return;
      text = '';
      requests.push(request);
      const bytes = options.answer(socket, request);
      if (bytes !== undefined) socket.end(bytes);
    });
  };
  const track = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    options.onConnection?.(socket);
  };
  const server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, (socket) => accept(socket.on('error', () => undefined)));
  server.on('connection', track);
  server.on('tlsClientError', () => undefined);
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    port,
    requests,
    connections: () => connections,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A little at a time, for as long as there is somebody to take it. */
export function drip(start: string, drop = 'x'): Misbehaviour {
  return (socket) => {
    socket.write(start);
    const dripping = setInterval(() => socket.write(drop), 20);
    socket.once('close', () => clearInterval(dripping));
  };
}

/** As fast as it is taken, without end. */
export function flood(start: string): Misbehaviour {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  return (socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.write(start);
    socket.on('drain', pour);
    pour();
  };
}

function wholeRequest(text: string): RawRequest | null {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]));
  const body = text.slice(end + 4);
  if (Buffer.byteLength(body) < Number(headers['content-length'] ?? 0)) return null;
  return { path: line.split(' ')[1] ?? '', headers, body: body === '' ? undefined : JSON.parse(body) };
}
