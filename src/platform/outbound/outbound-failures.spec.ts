import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { failure, outboundBench, post } from '../../../test/support/outbound.js';

const { client, send, socketReceiver } = outboundBench();
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nx-seen: yes\r\n\r\n';

/** A little at a time for as long as there is somebody to take it. */
function drip(socket: Socket, start: string): void {
  socket.once('data', () => {
    socket.write(start);
    const dripping = setInterval(() => socket.write('x'), 5);
    socket.once('close', () => clearInterval(dripping));
  });
}

describe('the deadline', () => {
  it('ends a request that is never answered', async () => {
    const receiver = await socketReceiver(() => undefined);
    const error = await failure(send(receiver.http, { timeoutMs: 100 }));
    expect(error).toMatchObject({
      code: 'timeout',
      permanent: false,
      message: expect.stringContaining('waiting for the answer'),
    });
    expect(error.durationMs).toBeGreaterThanOrEqual(99);
    await receiver.allClosed();
  });

  it('ends a head that drips', async () => {
    const receiver = await socketReceiver((socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-long: '));
    expect(await failure(send(receiver.http, { timeoutMs: 150 }))).toMatchObject({ code: 'timeout' });
    await receiver.allClosed();
  });

  it('ends a body that drips, and the status counts', async () => {
    const receiver = await socketReceiver((socket) => drip(socket, HEAD));
    const answer = await send(receiver.http, { timeoutMs: 200 });
    expect(answer).toMatchObject({ status: 200, headers: { 'x-seen': 'yes' } });
    expect(answer.body.toString()).toMatch(/^x+$/);
    expect(answer.durationMs).toBeGreaterThanOrEqual(199);
    await receiver.allClosed();
  });

  it('covers a resolver that does not answer', async () => {
    const hanging = () => new Promise<never>(() => undefined);
    const error = await failure(
      send('http://receiver.test/', { timeoutMs: 50, client: { resolve: hanging } }),
    );
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('connecting') });
  });

  it('covers a TLS handshake that is not answered, and ends its connection', async () => {
    const receiver = await socketReceiver(() => undefined);
    expect(await failure(send(receiver.https, { timeoutMs: 100 }))).toMatchObject({ code: 'timeout' });
    await receiver.allClosed();
  });

  it('covers waiting for a connection, and frees the place for the next', async () => {
    let silent = true;
    const receiver = await socketReceiver((socket) => {
      socket.once('data', () => silent || socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
    });
    const outbound = client({ connectionsPerOrigin: 1 });
    const first = failure(outbound.send(post(receiver.http, { timeoutMs: 200 })));
    const second = failure(outbound.send(post(receiver.http, { timeoutMs: 100 })));
    expect(await second).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('free connection'),
    });
    const third = outbound.send(post(receiver.http, { timeoutMs: 5_000 }));
    silent = false;
    expect(await first).toMatchObject({ code: 'timeout' });
    expect(await third).toMatchObject({ status: 204 });
    expect(receiver.sockets).toHaveLength(2);
  });
});

describe('a lost connection', () => {
  it.each([
    ['closed', (socket: Socket) => socket.destroy()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
    ['ended', (socket: Socket) => socket.end()],
    ['ended within the head', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nx-a: ')],
  ])('that is %s before the head is a reset, and is not tried again', async (_, lose) => {
    const receiver = await socketReceiver((socket) => socket.once('data', () => lose(socket)));
    expect(await failure(send(receiver.http))).toMatchObject({ code: 'reset', permanent: false, stale: false });
    expect(receiver.sockets).toHaveLength(1);
  });

  it('on its second use is a reset, and is not tried again', async () => {
    let requests = 0;
    const receiver = await socketReceiver((socket) => {
      socket.on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else socket.resetAndDestroy();
      });
    });
    const outbound = client();
    expect(await outbound.send(post(receiver.http))).toMatchObject({ status: 200 });
    expect(await failure(outbound.send(post(receiver.http)))).toMatchObject({ code: 'reset', stale: true });
    expect([requests, receiver.sockets.length]).toEqual([2, 1]);
  });

  it('is left alone by what is to go anew', async () => {
    const receiver = await socketReceiver((socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')));
    const outbound = client();
    for (const [anew, sockets] of [[false, 1], [false, 1], [true, 2]] as const) {
      expect(await outbound.send({ ...post(receiver.http), anew })).toMatchObject({ status: 200 });
      expect(receiver.sockets).toHaveLength(sockets);
    }
  });

  it.each([
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
    ['ended', (socket: Socket) => socket.end()],
    ['followed by nonsense', (socket: Socket) => socket.end('zz\r\nnot a chunk')],
  ])('that is %s after the head leaves the status', async (name, lose) => {
    const head = name.startsWith('followed')
      ? 'HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'
      : `${HEAD}half`;
    const receiver = await socketReceiver((socket) => socket.once('data', () => socket.write(head)));
    const answered = send(receiver.http);
    const [socket] = await receiver.connected();
    await once(socket!, 'data');
    setImmediate(() => lose(socket!));
    expect([200, 202]).toContain((await answered).status);
  });

  it('is a refused one where nobody listens', async () => {
    const receiver = await socketReceiver(() => undefined);
    await receiver.close();
    const outbound = client({ connectionsPerOrigin: 2 });
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => failure(outbound.send(post(receiver.http)))),
    );
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['connect']));
    expect(errors[0]!.message).toContain('ECONNREFUSED');
  });

  it('is named with every address that was tried', async () => {
    const receiver = await socketReceiver(() => undefined);
    await receiver.close();
    const resolve = async () => [{ address: '127.0.0.1' }, { address: '127.0.0.1' }];
    const error = await failure(send(`http://receiver.test:${receiver.port}/`, { client: { resolve } }));
    expect(error).toMatchObject({ code: 'connect', message: expect.stringContaining('127.0.0.1') });
  });
});

describe('an answer that is not HTTP', () => {
  it.each([
    ['text', 'hello world\r\n\r\n'],
    ['an SSH greeting', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['bytes', Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10])],
    ['a bad status line', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
    ['a flood of headers', `HTTP/1.1 200 OK\r\n${`x-flood: ${'v'.repeat(100)}\r\n`.repeat(5_000)}\r\n`],
    ['one endless header', `HTTP/1.1 200 OK\r\nx-flood: ${'v'.repeat(1_000_000)}`],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
    ['a continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('but %s is a protocol error', async (_, bytes) => {
    const receiver = await socketReceiver((socket) => socket.once('data', () => socket.write(bytes)));
    expect(await failure(send(receiver.http))).toMatchObject({ code: 'protocol', permanent: false });
    await receiver.allClosed();
  });

  it('may stand in an idle connection and is not taken for the next answer', async () => {
    const receiver = await socketReceiver((socket) => {
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 Forged\r\ncontent-length: 0\r\n\r\n',
        );
      });
    });
    const outbound = client();
    expect(await outbound.send(post(receiver.http))).toMatchObject({ status: 200 });
    expect(await outbound.send(post(receiver.http))).toMatchObject({ status: 200 });
    expect(receiver.sockets).toHaveLength(2);
  });
});
