import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Namespace, Server, ServerOptions } from 'socket.io';
import type { Config } from '../config/config.js';
import type { RedisConnections } from '../redis/redis.js';
import { RecoveryAdapter } from './recovery-adapter.js';
import { trimStream } from './stream-trim.js';

/** How long a client may be away and still be given what it missed (Socket.IO's connection state recovery). */
export const RECOVERY_MS = 60_000;
/** Packets that Redis keeps for those who are away: what is trimmed before they come back they must sync. */
const MAX_STREAM_LENGTH = 50_000;
/** The same for packets that this process keeps where there is no Redis. */
const IN_MEMORY = { maxPackets: 50_000, maxBytes: 32 * 1024 * 1024 };
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Socket.IO on the HTTP port; with Redis its streams join the instances. */
export class SocketAdapter extends IoAdapter {
  private constructor(
    app: INestApplicationContext,
    private readonly config: Config,
    private readonly adapter: ServerOptions['adapter'],
    private readonly trimming?: NodeJS.Timeout,
  ) {
    super(app);
  }

  static async create(app: INestApplicationContext, config: Config, redis: RedisConnections | null, deployment: string): Promise<SocketAdapter> {
    if (redis === null) return new SocketAdapter(app, config, RecoveryAdapter.with(IN_MEMORY));
    const { createAdapter } = await import('@socket.io/redis-streams-adapter');
    const streamName = `crossdesk:${deployment}:sockets`;
    const join = createAdapter(redis.dedicated(), {
      streamName,
      channelPrefix: `crossdesk:${deployment}:sockets`,
      sessionKeyPrefix: `crossdesk:${deployment}:session:`,
      maxLen: MAX_STREAM_LENGTH,
      onlyPlaintext: true,
    });
    // Socket.IO calls it with `new`, which an arrow function does not take.
    const adapter = function (namespace: Namespace): StreamAdapter {
      return withoutOwn(join(namespace) as unknown as StreamAdapter);
    };
    // While Redis is away there is nothing to trim, and its connections tell of that.
    const trimming = setInterval(() => void trimStream(redis, streamName, 2 * RECOVERY_MS).catch(() => undefined), RECOVERY_MS).unref();
    return new SocketAdapter(app, config, adapter as unknown as ServerOptions['adapter'], trimming);
  }

  override createIOServer(port: number, options?: Partial<ServerOptions>): Server {
    const origins = this.config.values.CORS_ORIGINS;
    return super.createIOServer(port, {
      ...options,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS, skipMiddlewares: false },
      allowRequest: (_request: unknown, answer: (error: string | null, allowed: boolean) => void) =>
        answer(null, this.config.plays('api')),
      ...(origins.length > 0 && { cors: { origin: origins.includes('*') ? '*' : origins } }),
      adapter: this.adapter,
    } as Partial<ServerOptions> as ServerOptions) as Server;
  }

  /** Takes leave of the clients only: Socket.IO's own way would wait for the HTTP server, which others close. */
  override async close(server: Server | Namespace): Promise<void> {
    clearInterval(this.trimming);
    const root = 'server' in server ? server.server : server;
    root.disconnectSockets(true);
    root.engine.close();
  }
}

interface StreamAdapter {
  uid: string;
  onRawMessage(message: { uid: string }, offset: string): void;
}

/** The stream gives back what this process has published itself; unread it is dropped cheaper than parsed. */
function withoutOwn(adapter: StreamAdapter): StreamAdapter {
  const read = adapter.onRawMessage.bind(adapter);
  adapter.onRawMessage = (message, offset) => {
    if (message.uid !== adapter.uid) read(message, offset);
  };
  return adapter;
}
