import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AddressGuard } from './address-guard.js';
import { OutboundClient, OutboundError } from './outbound-client.js';
import type { Resolve } from './resolve.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Stands for the public network: the one range of these tests that may be reached. */
const OPEN = ['127.0.0.1/32'];

describe('a literal', () => {
  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '１２７.０.０.１',
    '[::ffff:127.0.0.1]',
    '[::1]',
  ])('%s is refused for good without a connection or a look-up', async (host) => {
    const receiver = await startReceiver();
    const resolve = vi.fn<Resolve>();
    const error = await failure(send(`http://${host}:${receiver.port}/`, [], resolve));
    expect(error).toMatchObject({ code: 'address_forbidden', permanent: true });
    expect(error.message).toContain('CALLBACK_ALLOW_CIDRS');
    expect(error.message).toMatch(/127\.0\.0\.1|::1|::ffff:7f00:1/);
    expect([receiver.connections(), resolve.mock.calls.length]).toEqual([0, 0]);
  });

  it('is refused for https as well', async () => {
    const receiver = await startReceiver();
    expect(await failure(send(`https://127.0.0.1:${receiver.port}/`, []))).toMatchObject({
      code: 'address_forbidden',
    });
    expect(receiver.connections()).toBe(0);
  });

  it('that is opened is reached, in its mapped form too', async () => {
    const receiver = await startReceiver();
    expect(await send(`http://127.0.0.1:${receiver.port}/`, OPEN)).toMatchObject({ status: 200 });
    expect(await send(`http://[::ffff:127.0.0.1]:${receiver.port}/`, OPEN)).toMatchObject({ status: 200 });
  });
});

describe('a name', () => {
  it.each(['localhost', 'LOCALHOST'])('%s is refused by what the system resolves', async (host) => {
    const receiver = await startReceiver();
    const error = await failure(send(`http://${host}:${receiver.port}/`, []));
    expect(error).toMatchObject({
      code: 'address_forbidden',
      permanent: false,
      message: expect.stringContaining('localhost'),
    });
    expect(receiver.connections()).toBe(0);
  });

  it.each(['localhost.', 'api.localhost'])('%s is refused or unknown to the system', async (host) => {
    const receiver = await startReceiver();
    const error = await failure(send(`http://${host}:${receiver.port}/`, []));
    expect(['address_forbidden', 'dns']).toContain(error.code);
    expect(receiver.connections()).toBe(0);
  });

  it.each([
    ['only a forbidden address', ['10.0.0.1']],
    ['a forbidden address behind an allowed one', ['127.0.0.1', '169.254.169.254']],
    ['a forbidden address of the other family', ['127.0.0.1', 'fd00:ec2::254']],
    ['something that is no address', ['127.0.0.1', 'intranet']],
  ])('with %s is refused', async (_, addresses) => {
    const receiver = await startReceiver();
    const error = await failure(send(`http://receiver.test:${receiver.port}/`, OPEN, answering(addresses)));
    expect(error).toMatchObject({ code: 'address_forbidden', permanent: false });
    expect(error.message).toContain('receiver.test');
    // Whoever sees this need not learn how internal names resolve.
    expect(error.message).not.toContain(addresses.at(-1));
    expect(receiver.connections()).toBe(0);
  });

  it('is connected to the address that was checked, whatever the next answer would be', async () => {
    const receiver = await startReceiver();
    const answers = ['127.0.0.1', '127.0.0.2'];
    const resolve = vi.fn<Resolve>(async () => [{ address: answers.shift()! }]);
    const outbound = client(OPEN, resolve);
    const url = `http://rebinding.test:${receiver.port}/`;

    expect(await outbound.send(post(url, { connection: 'close' }))).toMatchObject({ status: 200 });
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(await failure(outbound.send(post(url)))).toMatchObject({ code: 'address_forbidden' });
    expect([resolve.mock.calls.length, receiver.connections()]).toEqual([2, 1]);
  });

  it('is looked up once for connections that open at the same time', async () => {
    const receiver = await startReceiver();
    const resolve = vi.fn<Resolve>(async () => [{ address: '127.0.0.1' }]);
    const outbound = client(OPEN, resolve);
    await Promise.all(
      Array.from({ length: 8 }, () => outbound.send(post(`http://receiver.test:${receiver.port}/`))),
    );
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(receiver.connections()).toBe(8);
  });

  it.each([
    ['cannot be resolved', async () => Promise.reject(new Error('getaddrinfo ENOTFOUND receiver.test'))],
    ['has no address', async () => []],
  ])('that %s is a DNS failure and may be tried again', async (what, resolve) => {
    const error = await failure(send('http://receiver.test/', OPEN, resolve));
    expect(error).toMatchObject({ code: 'dns', permanent: false, message: expect.stringContaining(what) });
  });

  it('that does not exist is a DNS failure of the system too', async () => {
    expect(await failure(send('http://receiver.invalid/', OPEN))).toMatchObject({ code: 'dns' });
  });
});

function answering(addresses: string[]): Resolve {
  return async () => addresses.map((address) => ({ address }));
}

function client(allowCidrs: string[], resolve?: Resolve): OutboundClient {
  const outbound = new OutboundClient({ guard: new AddressGuard(allowCidrs), resolve });
  cleanups.push(() => outbound.destroy());
  return outbound;
}

function post(url: string, headers: Record<string, string> = {}) {
  return { url, method: 'POST' as const, headers, body: '{}', timeoutMs: 10_000 };
}

function send(url: string, allowCidrs: string[], resolve?: Resolve) {
  return client(allowCidrs, resolve).send(post(url));
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

async function startReceiver() {
  let connections = 0;
  const server = createServer((_, response) => response.end('ok'));
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}
