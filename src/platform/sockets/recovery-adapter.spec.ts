import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import type { Socket as ServerSocket } from 'socket.io';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecoveryAdapter } from './recovery-adapter.js';

describe('a client that comes back to one process', () => {
  let server: Server;
  let client: Socket;
  let received: unknown[];

  beforeEach(async () => {
    const http = createServer();
    server = new Server(http, {
      serveClient: false,
      connectionStateRecovery: { maxDisconnectionDuration: 60_000 },
      adapter: RecoveryAdapter.with({ maxPackets: 6, maxBytes: 1000 }),
    });
    server.on('connection', (socket) => {
      if (!socket.recovered) void socket.join('room');
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    received = [];
    client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'], reconnection: false, forceNew: true });
    client.on('event', (value: unknown) => received.push(value));
    await connected();
    server.to('room').emit('event', 'first');
    await vi.waitUntil(() => received.length === 1);
  });

  afterEach(async () => {
    client.disconnect();
    await server.close();
  });

  const connected = () => new Promise<void>((resolve) => client.once('connect', resolve));
  const theSocket = (): ServerSocket => [...server.sockets.sockets.values()][0]!;

  async function whileAway(work: () => void): Promise<void> {
    const noticed = new Promise((resolve) => theSocket().once('disconnect', resolve));
    client.io.engine.close();
    await noticed;
    work();
    const back = connected();
    client.connect();
    await back;
    server.to('room').emit('event', 'last');
    server.to(client.id!).emit('event', 'end');
    await expect.poll(() => received.at(-1)).toBe('end');
  }

  it('is given what its rooms got meanwhile, in order', async () => {
    await whileAway(() => {
      server.to('room').emit('event', 1);
      server.to('elsewhere').emit('event', 2);
      server.to(['elsewhere', 'room']).emit('event', { 三: ['"\\'] });
      server.except('room').emit('event', 3);
      server.emit('event', 4);
    });
    expect(client.recovered).toBe(true);
    expect(received).toEqual(['first', 1, { 三: ['"\\'] }, 4, 'last', 'end']);
  });

  it('is not given what was not to be kept', async () => {
    await whileAway(() => {
      server.volatile.to('room').emit('event', 'volatile');
      server.to('room').timeout(1000).emit('event', 'acknowledged', () => undefined);
    });
    expect(client.recovered).toBe(true);
    expect(received).toEqual(['first', 'last', 'end']);
  });

  it.each([
    ['many', () => Array.from({ length: 6 }, (_, index) => index)],
    ['large', () => ['x'.repeat(500), 'x'.repeat(500)]],
  ])('is told that it was not recovered when there were too %s packets', async (_, packets) => {
    await whileAway(() => {
      for (const value of packets()) server.to('elsewhere').emit('event', value);
    });
    expect(client.recovered).toBe(false);
    expect(received).toEqual(['first', 'last', 'end']);
  });

  it('is not recovered by the offset of another time', async () => {
    await whileAway(() => {
      (client as unknown as { _lastOffset: string })._lastOffset = 'zzz';
    });
    expect(client.recovered).toBe(false);
  });
});
