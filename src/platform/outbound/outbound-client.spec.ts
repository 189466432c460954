import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { closed, failure, outboundBench, post } from '../../../test/support/outbound.js';
import { Exchange } from './exchange.js';
import type { OutboundRequest } from './outbound-client.js';

const { client, httpReceiver } = outboundBench();
const ok: RequestListener = (_, response) => void response.end('ok');

describe('connections', () => {
  it('are used again', async () => {
    const receiver = await httpReceiver((_, response) => response.end('ok'));
    const outbound = client();
    for (let i = 0; i < 5; i++) await outbound.send(post(receiver.url));
    expect(receiver.sockets).toHaveLength(1);
  });

  it('are bounded for an origin, and what waits is sent in order', async () => {
    const held: (() => void)[] = [];
    const receiver = await httpReceiver((_, response) => {
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
    const receiver = await httpReceiver((_, response) =>
      response.writeHead(200, { connection: 'close' }).end('ok'),
    );
    const outbound = client({ connectionsPerOrigin: 4 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => outbound.send(post(receiver.url))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(receiver.requests).toHaveLength(40);
  });

  it('are not kept where the receiver keeps them for a second or less', async () => {
    const receiver = await httpReceiver((_, response) =>
      response.writeHead(200, { 'keep-alive': 'timeout=1' }).end(),
    );
    await client().send(post(receiver.url));
    await closed(receiver.sockets[0]!);
  });

  it('idle in a bounded number over all origins, the longest idle is closed', async () => {
    const [first, second, third] = [
      await httpReceiver(ok),
      await httpReceiver(ok),
      await httpReceiver(ok),
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
    const receiver = await httpReceiver(() => aborting.abort(new Error('going down')));
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
    const receiver = await httpReceiver(ok);
    const outbound = client();
    const error = await failure(outbound.send(post(receiver.url, request)));
    expect(error).toMatchObject({ name: 'OutboundError', code: 'protocol', permanent: true });
    expect(receiver.requests).toHaveLength(0);
    expect(await outbound.send(post(receiver.url))).toMatchObject({ status: 200 });
  });
});

describe('closing', () => {
  it('waits for what is in flight and takes nothing new', async () => {
    const receiver = await httpReceiver((_, response) => {
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
    const receiver = await httpReceiver(() => void outbound.destroy());
    const outbound = client({ connectionsPerOrigin: 1 });
    const errors = await Promise.all([1, 2, 3].map(() => failure(outbound.send(post(receiver.url)))));
    expect(errors.map(({ code }) => code)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(receiver.requests).toHaveLength(1);
  });
});
