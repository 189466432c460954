import { pipeline, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { closed, outboundBench, post } from '../../../test/support/outbound.js';

const { client, httpReceiver } = outboundBench();

describe('an answer', () => {
  it('comes with status, headers and body, and the request arrives as it was given', async () => {
    const receiver = await httpReceiver((_, response) => {
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
    const receiver = await httpReceiver((_, response) => response.writeHead(204).end());
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
    const receiver = await httpReceiver((_, response) =>
      response.writeHead(status, { 'retry-after': '7' }).end(),
    );
    const answer = await client().send(post(receiver.url));
    expect(answer).toMatchObject({ status, headers: { 'retry-after': '7' } });
  });

  it.each([301, 302, 307, 308])('with status %i is not followed', async (status) => {
    const receiver = await httpReceiver((_, response) =>
      response.writeHead(status, { location: '/other' }).end(),
    );
    const answer = await client().send(post(receiver.url));
    expect(answer).toMatchObject({ status, headers: { location: '/other' } });
    expect(receiver.requests).toHaveLength(1);
  });

  it('is not decompressed', async () => {
    const packed = gzipSync('x'.repeat(100_000));
    const receiver = await httpReceiver((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
    );
    expect((await client().send(post(receiver.url))).body).toEqual(packed);
  });

  it('skips informational heads', async () => {
    const receiver = await httpReceiver((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(200).end('ok');
    });
    expect(await client().send(post(receiver.url))).toMatchObject({ status: 200, body: Buffer.from('ok') });
  });

  it('keeps 64 headers and 8 KiB of them', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'v']));
    const receiver = await httpReceiver((request, response) => {
      response.writeHead(200, request.url === '/many' ? many : { 'x-long': 'v'.repeat(10_000) }).end();
    });
    const outbound = client();
    expect(Object.keys((await outbound.send(post(`${receiver.url}/many`))).headers)).toHaveLength(64);
    expect(JSON.stringify((await outbound.send(post(`${receiver.url}/long`))).headers).length).toBeLessThan(
      8_300,
    );
  });

  it('keeps Retry-After wherever it comes', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'v']));
    const receiver = await httpReceiver((_, response) => response.writeHead(503, { ...many, 'retry-after': '7' }).end());
    const { headers } = await client().send(post(receiver.url));
    expect(headers).toMatchObject({ 'retry-after': '7', 'x-0': 'v' });
    expect(Object.keys(headers)).toHaveLength(64);
  });

  it('may name its headers as it likes', async () => {
    const receiver = await httpReceiver((_, response) => {
      response.writeHead(200, ['__proto__', 'a', 'constructor', 'b', 'hasOwnProperty', 'c']).end();
    });
    const { headers } = await client().send(post(receiver.url));
    expect(headers).toMatchObject({ constructor: 'b', hasownproperty: 'c' });
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('that is long is cut at 4 KiB and its connection is kept', async () => {
    const receiver = await httpReceiver((_, response) => response.end('abcdefgh'.repeat(8_000)));
    const outbound = client();
    for (let i = 0; i < 3; i++) {
      expect((await outbound.send(post(receiver.url))).body.toString()).toBe('abcdefgh'.repeat(512));
    }
    expect(receiver.sockets).toHaveLength(1);
  });

  it('of many megabytes is not read to its end', async () => {
    const chunks = 1_000;
    let produced = 0;
    const receiver = await httpReceiver((_, response) => {
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
    const receiver = await httpReceiver((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1_000)));
      };
      response.on('drain', more);
      more();
    });
    expect(await client().send(post(receiver.url))).toMatchObject({ status: 200, body: { length: 4_096 } });
  });
});
