import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { Arrivals } from './callback-sink.js';

/** The envelope that callbacks and sockets share. */
export interface EventEnvelope {
  id: string;
  event: string;
  timestamp: number;
  data: Record<string, any>;
}

export interface SocketEvent {
  event: string;
  envelope: EventEnvelope;
  /** Unix milliseconds with a fraction, from the monotonic clock. */
  at: number;
}

export type Ack =
  | { ok: true; data: any; error?: undefined }
  | { ok: false; data?: undefined; error: { code: string; message: string } };

export interface SocketClient {
  socket: Socket;
  /** What the server said first; kept up to date over reconnections. */
  ready: { position: number };
  /** Everything but `ready`, in the order of arrival. */
  events: SocketEvent[];
  waitFor(wanted: string | ((event: SocketEvent) => boolean), timeoutMs: number): Promise<SocketEvent>;
  request(event: string, payload: unknown, timeoutMs?: number): Promise<Ack>;
  close(): void;
}

/** The server's refusal at the handshake. */
export class SocketRefused extends Error {
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message);
    this.name = 'SocketRefused';
  }
}

const READY_TIMEOUT_MS = 10_000;

/** Connects to the namespace `/v1` of the service and answers when it has said `ready`. No reconnection unless asked. */
export async function connectSocket(
  url: string,
  token: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<SocketClient> {
  const socket = io(`${url}/v1`, {
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    ...options,
  });
  const arrivals = new Arrivals<SocketEvent>();
  const ready = { position: 0 };
  socket.onAny((event: string, payload: unknown) => {
    if (event === 'ready') Object.assign(ready, payload);
    else arrivals.push({ event, envelope: payload as EventEnvelope, at: performance.timeOrigin + performance.now() });
  });
  try {
    await untilReady(socket);
  } catch (error) {
    socket.disconnect();
    throw error;
  }

  return {
    socket,
    ready,
    events: arrivals.items,
    waitFor: (wanted, timeoutMs) =>
      typeof wanted === 'string'
        ? arrivals.first((event) => event.event === wanted, `socket event ${wanted}`, timeoutMs)
        : arrivals.first(wanted, 'matching socket event', timeoutMs),
    request: (event, payload, timeoutMs = 10_000) => socket.timeout(timeoutMs).emitWithAck(event, payload),
    close: () => void socket.disconnect(),
  };
}

function untilReady(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The server did not say ready within ${READY_TIMEOUT_MS} ms.`)),
      READY_TIMEOUT_MS,
    );
    socket.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('connect_error', (error: Error & { data?: { code?: string } }) => {
      clearTimeout(timer);
      reject(new SocketRefused(error.message, error.data?.code));
    });
  });
}
