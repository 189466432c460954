import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from './address-guard.js';
import { OutboundClient, OutboundError, type OutboundClientOptions } from './outbound-client.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nx-seen: yes\r\n\r\n';
const LOOPBACK = async () => [{ address: '127.0.0.1' }];

describe('the deadline', () => {
  it('ends a request that is never answered', async () => {
    const receiver = await listen(() => undefined);
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
    const receiver = await listen((socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-long: '));
    expect(await failure(send(receiver.http, { timeoutMs: 150 }))).toMatchObject({ code: 'timeout' });
    await receiver.allClosed();
  });

  it('ends a body that drips, and the status counts', async () => {
    const receiver = await listen((socket) => drip(socket, HEAD));
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
    const receiver = await listen(() => undefined);
    expect(await failure(send(receiver.https, { timeoutMs: 100 }))).toMatchObject({ code: 'timeout' });
    await receiver.allClosed();
  });

  it('covers waiting for a connection, and frees the place for the next', async () => {
    let silent = true;
    const receiver = await listen((socket) => {
      socket.once('data', () => silent || socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
    });
    const outbound = client({ connectionsPerOrigin: 1 });
    const first = failure(outbound.send(post(receiver.http, 200)));
    const second = failure(outbound.send(post(receiver.http, 100)));
    expect(await second).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('free connection'),
    });
    const third = outbound.send(post(receiver.http, 5_000));
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
    const receiver = await listen((socket) => socket.once('data', () => lose(socket)));
    expect(await failure(send(receiver.http))).toMatchObject({ code: 'reset', permanent: false });
    expect(receiver.sockets).toHaveLength(1);
  });

  it('on its second use is a reset, and is not tried again', async () => {
    let requests = 0;
    const receiver = await listen((socket) => {
      socket.on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else socket.resetAndDestroy();
      });
    });
    const outbound = client();
    expect(await outbound.send(post(receiver.http))).toMatchObject({ status: 200 });
    expect(await failure(outbound.send(post(receiver.http)))).toMatchObject({ code: 'reset' });
    expect([requests, receiver.sockets.length]).toEqual([2, 1]);
  });

  it.each([
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
    ['ended', (socket: Socket) => socket.end()],
    ['followed by nonsense', (socket: Socket) => socket.end('zz\r\nnot a chunk')],
  ])('that is %s after the head leaves the status', async (name, lose) => {
    const head = name.startsWith('followed')
      ? 'HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'
      : `${HEAD}half`;
    const receiver = await listen((socket) => socket.once('data', () => socket.write(head)));
    const answered = send(receiver.http);
    const [socket] = await receiver.connected();
    await once(socket!, 'data');
    setImmediate(() => lose(socket!));
    expect([200, 202]).toContain((await answered).status);
  });

  it('is a refused one where nobody listens', async () => {
    const receiver = await listen(() => undefined);
    await receiver.close();
    const outbound = client({ connectionsPerOrigin: 2 });
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => failure(outbound.send(post(receiver.http)))),
    );
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['connect']));
    expect(errors[0]!.message).toContain('ECONNREFUSED');
  });

  it('is named with every address that was tried', async () => {
    const receiver = await listen(() => undefined);
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
    const receiver = await listen((socket) => socket.once('data', () => socket.write(bytes)));
    expect(await failure(send(receiver.http))).toMatchObject({ code: 'protocol', permanent: false });
    await receiver.allClosed();
  });

  it('may stand in an idle connection and is not taken for the next answer', async () => {
    const receiver = await listen((socket) => {
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

describe('TLS', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
  const cert = selfSigned(key, 'receiver.test');

  it('is accepted with a trusted certificate for that name', async () => {
    const { port } = await listenTls(key, cert);
    const answer = await send(`https://receiver.test:${port}/`, { client: { resolve: LOOPBACK, ca: cert } });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('receiver.test') });
  });

  it.each([
    ['of an unknown authority', 'receiver.test', undefined],
    ['for another name', 'other.test', cert],
    ['for a name and not the address', '127.0.0.1', cert],
  ])('is refused with a certificate %s', async (_, host, ca) => {
    const { port } = await listenTls(key, cert);
    const error = await failure(send(`https://${host}:${port}/`, { client: { resolve: LOOPBACK, ca } }));
    expect(error).toMatchObject({ code: 'tls', permanent: false });
  });

  it('is refused with a trusted certificate that has expired', async () => {
    const expired = selfSigned(key, 'receiver.test', -1);
    const { port } = await listenTls(key, expired);
    const error = await failure(send(`https://receiver.test:${port}/`, { client: { resolve: LOOPBACK, ca: expired } }));
    expect(error).toMatchObject({ code: 'tls', permanent: false, message: expect.stringContaining('expired') });
  });

  it.each([
    ['speaks plain HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up', (socket: Socket) => socket.destroy()],
  ])('fails where the receiver %s', async (_, reply) => {
    const receiver = await listen((socket) => socket.once('data', () => reply(socket)));
    expect(await failure(send(receiver.https))).toMatchObject({ code: 'tls' });
  });

  it('fails as a refused connection where nobody listens', async () => {
    const receiver = await listen(() => undefined);
    await receiver.close();
    expect(await failure(send(receiver.https))).toMatchObject({ code: 'connect' });
  });
});

function client(options: Partial<OutboundClientOptions> = {}): OutboundClient {
  const outbound = new OutboundClient({ guard: new AddressGuard(['127.0.0.0/8']), ...options });
  cleanups.push(() => outbound.destroy());
  return outbound;
}

function post(url: string, timeoutMs = 10_000) {
  return { url, method: 'POST' as const, headers: {}, body: '{}', timeoutMs };
}

function send(url: string, options: { timeoutMs?: number; client?: Partial<OutboundClientOptions> } = {}) {
  return client(options.client).send(post(url, options.timeoutMs));
}

function failure(sent: Promise<unknown>): Promise<OutboundError> {
  return sent.then(
    () => expect.fail('it was answered'),
    (error) => {
      expect(error).toBeInstanceOf(OutboundError);
      return error;
    },
  );
}

async function listen(onSocket: (socket: Socket) => unknown) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
    onSocket(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
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
}

/** A reset is an end too, so not `once`, which rejects on it. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}

/** A little at a time for as long as there is somebody to take it. */
function drip(socket: Socket, start: string): void {
  socket.once('data', () => {
    socket.write(start);
    const dripping = setInterval(() => socket.write('x'), 5);
    socket.once('close', () => clearInterval(dripping));
  });
}

async function listenTls(key: string, cert: string): Promise<{ port: number }> {
  const server = createTlsServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined);
    const name = socket.servername || '-';
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`));
  });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as AddressInfo).port };
}

/** A certificate made here, for node:crypto makes none and OpenSSL's command is not everywhere. */
function selfSigned(keyPem: string, name: string, yearsValid = 1): string {
  const tlv = (tag: number, ...parts: Buffer[]) => {
    const value = Buffer.concat(parts);
    const length = value.length < 128 ? [value.length] : [0x82, value.length >> 8, value.length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...length]), value]);
  };
  const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'));
  const time = (yearsAhead: number) => {
    const at = new Date();
    at.setUTCFullYear(at.getUTCFullYear() + yearsAhead);
    return tlv(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]|\..*/g, '')}Z`));
  };
  const key = createPrivateKey(keyPem);
  const ecdsaWithSha256 = tlv(0x30, oid('2a8648ce3d040302'));
  const subject = tlv(0x30, tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from(name)))));
  const alternativeName = tlv(0x30, oid('551d11'), tlv(0x04, tlv(0x30, tlv(0x82, Buffer.from(name)))));
  const body = tlv(
    0x30,
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    subject,
    tlv(0x30, time(-2), time(yearsValid)),
    subject,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tlv(0xa3, tlv(0x30, alternativeName)),
  );
  const signature = createSign('sha256').update(body).sign(key);
  const certificate = tlv(0x30, body, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature));
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
