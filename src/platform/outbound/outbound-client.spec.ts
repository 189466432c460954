import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from './address-guard.js';
import { Exchange } from './exchange.js';
import {
  OutboundClient,
  OutboundError,
  type OutboundClientOptions,
  type OutboundRequest,
} from './outbound-client.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('an answer', () => {
  it('comes with status, headers and body, and the request arrives as it was given', async () => {
    const receiver = await startReceiver((_, response) => {
      response.writeHead(201, { 'X-Trace': 'abc', 'set-cookie': ['a=1', 'b=2'] }).end('stored');
    });
    const sent = {
      headers: { 'Content-Type': 'application/json', 'webhook-id': 'evt_1' },
      body: '{"text":"你好"}',
    };
    const answer = await client().send(post(`${receiver.url}/hook?a=1&b=%20`, sent));

    expect(answer).toMatchObject({ status: 201, headers: { 'x-trace': 'abc', 'set-cookie': 'a=1, b=2' } });
    expect(answer.body.toString()).toBe('stored');
    expect(answer.durationMs).toBeGreaterThanOrEqual(0);
    expect(receiver.requests).toEqual([
      expect.objectContaining({ method: 'POST', url: '/hook?a=1&b=%20', body: sent.body }),
    ]);
    expect(receiver.requests[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'evt_1',
    });
  });

  it('may be empty, and the request too', async () => {
    const receiver = await startReceiver((_, response) => response.writeHead(204).end());
    const outbound = client();
    const empty = await outbound.send(post(receiver.url, { body: '' }));
    const got = await outbound.send(post(receiver.url, { method: 'GET', body: Buffer.alloc(0) }));
    expect([empty.status, got.status]).toEqual([204, 204]);
    expect(empty.body).toHaveLength(0);
    expect(receiver.requests.map(({ method, headers }) => [method, headers['content-length']])).toEqual([
      ['POST', '0'],
      ['GET', undefined],
    ]);
  });

  it.each([400, 404, 410, 429, 500, 503])('with status %i is an answer, not an error', async (status) => {
    const receiver = await startReceiver((_, response) =>
      response.writeHead(status, { 'retry-after': '7' }).end(),
    );
    const answer = await client().send(post(receiver.url));
    expect(answer).toMatchObject({ status, headers: { 'retry-after': '7' } });
  });

  it.each([301, 302, 307, 308])('with status %i is not followed', async (status) => {
    const receiver = await startReceiver((_, response) =>
      response.writeHead(status, { location: '/other' }).end(),
    );
    const answer = await client().send(post(receiver.url));
    expect(answer).toMatchObject({ status, headers: { location: '/other' } });
    expect(receiver.requests).toHaveLength(1);
  });

  it('is not decompressed', async () => {
    const packed = gzipSync('x'.repeat(100_000));
    const receiver = await startReceiver((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
    );
    expect((await client().send(post(receiver.url))).body).toEqual(packed);
  });

  it('skips informational heads', async () => {
    const receiver = await startReceiver((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(200).end('ok');
    });
    expect(await client().send(post(receiver.url))).toMatchObject({ status: 200, body: Buffer.from('ok') });
  });

  it('keeps 64 headers and 8 KiB of them', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'v']));
    const receiver = await startReceiver((request, response) => {
      response.writeHead(200, request.url === '/many' ? many : { 'x-long': 'v'.repeat(10_000) }).end();
    });
    const outbound = client();
    expect(Object.keys((await outbound.send(post(`${receiver.url}/many`))).headers)).toHaveLength(64);
    expect(JSON.stringify((await outbound.send(post(`${receiver.url}/long`))).headers).length).toBeLessThan(
      8_300,
    );
  });

  it('may name its headers as it likes', async () => {
    const receiver = await startReceiver((_, response) => {
      response.writeHead(200, ['__proto__', 'a', 'constructor', 'b', 'hasOwnProperty', 'c']).end();
    });
    const { headers } = await client().send(post(receiver.url));
    expect(headers).toMatchObject({ constructor: 'b', hasownproperty: 'c' });
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('that is long is cut at 4 KiB and its connection is kept', async () => {
    const receiver = await startReceiver((_, response) => response.end('abcdefgh'.repeat(8_000)));
    const outbound = client();
    for (let i = 0; i < 3; i++) {
      expect((await outbound.send(post(receiver.url))).body.toString()).toBe('abcdefgh'.repeat(512));
    }
    expect(receiver.sockets).toHaveLength(1);
  });

  it('of many megabytes is not read to its end', async () => {
    const chunks = 1_000;
    let produced = 0;
    const receiver = await startReceiver((_, response) => {
      const megabytes = Readable.from(
        (function* () {
          for (; produced < chunks; produced++) yield Buffer.alloc(65_536, 'x');
        })(),
      );
      pipeline(megabytes, response.writeHead(200, { 'content-length': chunks * 65_536 }), () => undefined);
    });
    const answer = await client().send(post(receiver.url));
    expect([answer.status, answer.body.length]).toEqual([200, 4_096]);
    await closed(receiver.sockets[0]!);
    expect(produced).toBeLessThan(chunks);
  });

  it('that never ends is cut too', async () => {
    const receiver = await startReceiver((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1_000)));
      };
      response.on('drain', more);
      more();
    });
    expect(await client().send(post(receiver.url))).toMatchObject({ status: 200, body: { length: 4_096 } });
  });
});

describe('connections', () => {
  it('are used again', async () => {
    const receiver = await startReceiver((_, response) => response.end('ok'));
    const outbound = client();
    for (let i = 0; i < 5; i++) await outbound.send(post(receiver.url));
    expect(receiver.sockets).toHaveLength(1);
  });

  it('are bounded for an origin, and what waits is sent in order', async () => {
    const held: (() => void)[] = [];
    const receiver = await startReceiver((_, response) => {
      held.push(() => response.end('ok'));
      if (held.length === 3) for (const release of held.splice(0)) release();
    });
    const outbound = client({ connectionsPerOrigin: 3 });
    const waves = Array.from({ length: 30 }, (_, i) =>
      outbound.send(post(`${receiver.url}/${Math.floor(i / 3)}`)),
    );
    await Promise.all(waves);
    expect(receiver.sockets).toHaveLength(3);
    expect(receiver.requests.map(({ url }) => url)).toEqual(
      Array.from({ length: 30 }, (_, i) => `/${Math.floor(i / 3)}`),
    );
  });

  it('that the receiver closes after each answer cost nothing but new ones', async () => {
    const receiver = await startReceiver((_, response) =>
      response.writeHead(200, { connection: 'close' }).end('ok'),
    );
    const outbound = client({ connectionsPerOrigin: 4 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => outbound.send(post(receiver.url))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(receiver.requests).toHaveLength(40);
  });

  it('are not kept where the receiver keeps them for a second or less', async () => {
    const receiver = await startReceiver((_, response) =>
      response.writeHead(200, { 'keep-alive': 'timeout=1' }).end(),
    );
    await client().send(post(receiver.url));
    await closed(receiver.sockets[0]!);
  });

  it('idle in a bounded number over all origins, the longest idle is closed', async () => {
    const [first, second, third] = [
      await startReceiver(ok),
      await startReceiver(ok),
      await startReceiver(ok),
    ];
    const outbound = client({ idleConnections: 2 });
    for (const receiver of [first, second, third]) await outbound.send(post(receiver.url));
    await closed(first.sockets[0]!);
    await outbound.send(post(second.url));
    await outbound.send(post(third.url));
    expect([second.sockets.length, third.sockets.length]).toEqual([1, 1]);
  });
});

describe('the caller', () => {
  it('can abort before and while it waits', async () => {
    const receiver = await startReceiver(() => aborting.abort(new Error('going down')));
    const aborting = new AbortController();
    const outbound = client({ connectionsPerOrigin: 1 });
    const both = [1, 2].map(() => failure(outbound.send(post(receiver.url, { signal: aborting.signal }))));
    expect(await Promise.all(both)).toEqual([
      expect.objectContaining({ code: 'aborted' }),
      expect.objectContaining({ code: 'aborted' }),
    ]);
    expect(await failure(outbound.send(post(receiver.url, { signal: aborting.signal })))).toMatchObject({
      code: 'aborted',
    });
    expect(receiver.requests).toHaveLength(1);
  });

  it('hears the status even when it aborts in the middle of the body', async () => {
    const aborting = new AbortController();
    const exchange = new Exchange(
      post('http://a.test/', { signal: aborting.signal }),
      new URL('http://a.test/'),
      () => undefined,
    );
    exchange.onResponseStart(null, 200, {});
    aborting.abort();
    expect(await exchange.response).toMatchObject({ status: 200 });
  });

  const UNUSABLE: [what: string, request: Partial<OutboundRequest>][] = [
    ['no URL', { url: 'not a url' }],
    ['another scheme', { url: 'ftp://example.com/' }],
    ['a password in the URL', { url: 'http://user:secret@example.com/' }],
    ['a line break in a header', { headers: { 'x-a': 'b\r\nx-c: d' } }],
    ['a header outside Latin-1', { headers: { 'x-a': '你好' } }],
    ['a bad header name', { headers: { 'x a': 'b' } }],
    ['an empty header name', { headers: { '': 'b' } }],
    ['a hop-by-hop header', { headers: { 'transfer-encoding': 'chunked' } }],
    ['a wrong length', { headers: { 'content-length': '3' }, body: 'longer' }],
    ['an expectation', { headers: { expect: '100-continue' } }],
  ];

  it.each(UNUSABLE)('is told at once of %s, for good', async (_, request) => {
    const receiver = await startReceiver(ok);
    const outbound = client();
    const error = await failure(outbound.send(post(receiver.url, request)));
    expect(error).toMatchObject({ name: 'OutboundError', code: 'protocol', permanent: true });
    expect(receiver.requests).toHaveLength(0);
    expect(await outbound.send(post(receiver.url))).toMatchObject({ status: 200 });
  });
});

describe('closing', () => {
  it('waits for what is in flight and takes nothing new', async () => {
    const receiver = await startReceiver((_, response) => {
      const closed = outbound.close();
      expect(response.writableEnded).toBe(false);
      response.end('ok');
      void closed.then(() => order.push('closed'));
    });
    const order: string[] = [];
    const outbound = client();
    await outbound.send(post(receiver.url)).then(() => order.push('answered'));
    await outbound.close();
    expect(order[0]).toBe('answered');
    expect(await failure(outbound.send(post(receiver.url)))).toMatchObject({
      code: 'aborted',
      permanent: false,
    });
    await closed(receiver.sockets[0]!);
  });

  it('by force ends what is in flight', async () => {
    const receiver = await startReceiver(() => void outbound.destroy());
    const outbound = client({ connectionsPerOrigin: 1 });
    const errors = await Promise.all([1, 2, 3].map(() => failure(outbound.send(post(receiver.url)))));
    expect(errors.map(({ code }) => code)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(receiver.requests).toHaveLength(1);
  });
});

const ok: RequestListener = (_, response) => void response.end('ok');

function client(options: Partial<OutboundClientOptions> = {}): OutboundClient {
  const outbound = new OutboundClient({ guard: new AddressGuard(['127.0.0.0/8']), ...options });
  cleanups.push(() => outbound.destroy());
  return outbound;
}

function post(url: string, changes: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, method: 'POST', headers: {}, body: '{}', timeoutMs: 10_000, ...changes };
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

/** A reset is an end too, so not `once`, which rejects on it. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}

async function startReceiver(answer: RequestListener) {
  const requests: { method: string; url: string; headers: Record<string, unknown>; body: string }[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer((request, response) => {
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
}
