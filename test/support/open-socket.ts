import { onTestFinished } from 'vitest';
import { connectSocket } from './socket-client.js';
import type { SocketClient } from './socket-client.js';

/** As `connectSocket`, for the time of the test that calls it. */
export async function openSocket(...parameters: Parameters<typeof connectSocket>): Promise<SocketClient> {
  const client = await connectSocket(...parameters);
  onTestFinished(() => client.close());
  return client;
}
