import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deliveriesOf, deliveryOf } from '../support/desk.js';
import { PAST_THE_SCHEDULE_MS, answer, failsAs, failsWith, faultDesk, onlyTheFirst, succeedsWith } from '../support/fault-desk.js';
import type { Expected } from '../support/fault-desk.js';
import { OK, drip, flood } from '../support/misbehaving-receiver.js';
import type { Misbehaviour } from '../support/misbehaving-receiver.js';

type Fault = [name: string, answer: Misbehaviour, expected: Expected];

const desk = faultDesk();

const bytes = (head: string, ...body: (string | Uint8Array)[]): Misbehaviour => () => Buffer.concat([head, ...body].map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
const CLOSED = 'HTTP/1.1 500 Oh\r\nconnection: close\r\n';

/** Every kind of fault, its state, its code and its class. */
const FAULTS: Fault[] = [
  ['reset before the head', (socket) => void socket.resetAndDestroy(), failsAs('reset')],
  ['closed before the head', (socket) => void socket.destroy(), failsAs('reset')],
  ['ended within the head', () => 'HTTP/1.1 200 OK\r\nx-half: ', failsAs('reset')],
  ['reset after the head of a success', (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', () => socket.resetAndDestroy()), succeedsWith(200)],
  ['reset after the head of a failure', (socket) => void socket.write('HTTP/1.1 503 Oh\r\ncontent-length: 9\r\n\r\nhalf', () => socket.resetAndDestroy()), failsWith(503)],
  ['ended within the body', () => 'HTTP/1.1 500 Oh\r\ncontent-length: 9\r\n\r\nhalf', failsWith(500, { body: 'half' })],
  ['no answer at all', () => undefined, failsAs('timeout')],
  ['a head that drips', drip('HTTP/1.1 200 OK\r\nx-long: '), failsAs('timeout')],
  ['a body that drips, of a success', drip('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n'), succeedsWith(200, { body: /^x+$/ })],
  ['a body that drips, of a failure', drip('HTTP/1.1 500 Oh\r\ncontent-length: 9999\r\n\r\n'), failsWith(500, { body: /^x+$/ })],
  ['10 MB', (socket) => void socket.end(`HTTP/1.1 500 Oh\r\ncontent-length: 10000000\r\n\r\n${'m'.repeat(10_000_000)}`), failsWith(500, { body: 'm'.repeat(4096) })],
  ['an endless body', flood('HTTP/1.1 500 Oh\r\n\r\n'), failsWith(500, { body: 'x'.repeat(4096) })],
  ['an endless body of chunks', drip('HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'), failsWith(500, { body: /^x+$/ })],
  ['an endless head', flood('HTTP/1.1 200 OK\r\nx-long: '), failsAs('protocol')],
  ['500', answer('500 Internal Server Error', ['x-trace: 7'], 'no'), failsWith(500, { body: 'no', headers: { 'x-trace': '7' } })],
  ['502', answer('502 Bad Gateway'), failsWith(502, { body: '' })],
  ['599, which nobody knows', answer('599 ?'), failsWith(599)],
  ['999, which is no status', answer('999 Request Denied'), failsWith(999)],
  ['a gzip bomb', bytes(`${CLOSED}content-encoding: gzip\r\n\r\n`, gzipSync(Buffer.alloc(50_000_000))), failsWith(500, { headers: { 'content-encoding': 'gzip' } })],
  ['what says gzip and is not', answer('500 Oh', ['content-encoding: gzip'], 'plain'), failsWith(500, { body: 'plain' })],
  ['bytes that are no UTF-8', bytes(`${CLOSED}\r\n`, Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0x61])), failsWith(500, { body: '\ufffd(\ufffd\ufffda' })],
  ['NUL bytes', bytes(`${CLOSED}\r\n`, 'a\0b\0'), failsWith(500, { body: 'a\0b\0' })],
  ['half of a surrogate pair, in CESU-8', bytes(`${CLOSED}\r\n`, Buffer.from([0xed, 0xa0, 0x80])), failsWith(500, { body: '\ufffd\ufffd\ufffd' })],
  ['a character cut off after 4 KiB', bytes(`${CLOSED}\r\n`, 'a'.repeat(4095), Buffer.from('é')), failsWith(500, { body: `${'a'.repeat(4095)}\ufffd` })],
  ['header names that objects have', answer('500 Oh', ['__proto__: 1', 'constructor: 2', 'toString: 3', 'constructor: 4', 'hasownproperty: 5']), failsWith(500, { headers: { constructor: '2, 4', tostring: '3' } })],
  ['header names of odd characters', answer('500 Oh', ["!#$%&'*+-.^_`|~: odd"]), failsWith(500, { headers: { "!#$%&'*+-.^_`|~": 'odd' } })],
  ['header values beyond ASCII', bytes(`${CLOSED}x-odd: caf\u00e9 \u00ff\r\n\r\n`), failsWith(500, { headers: { 'x-odd': expect.stringContaining('caf') } })],
  ['a NUL in a header', bytes(`${CLOSED}x-odd: a\0b\r\n\r\n`), failsAs('protocol')],
  ['a header without a value', answer('500 Oh', ['x-empty:']), failsWith(500, { headers: { 'x-empty': '' } })],
  ['a header name with a space', answer('500 Oh', ['x odd: 1']), failsAs('protocol')],
  ['a folded header', answer('500 Oh', ['x-folded: a', ' b']), failsAs('protocol')],
  ['200 headers', answer('500 Oh', Array.from({ length: 200 }, (_, index) => `x-${index}: v`)), failsWith(500, { headers: { 'x-0': 'v' } })],
  ['a status line that is none', () => 'HTTP/1.1 abc Oh\r\n\r\n', failsAs('protocol')],
  ['no HTTP', () => 'SSH-2.0-OpenSSH_9.6\r\n', failsAs('protocol')],
  ['HTTP/2 to HTTP/1.1', bytes('', Buffer.from('000000040000000000', 'hex')), failsAs('protocol')],
  ['two lengths', () => 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', failsAs('protocol')],
  ['a negative length', () => 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', failsAs('protocol')],
  ['HTTP/1.0 that ends with the connection', () => 'HTTP/1.0 200 OK\r\n\r\nold', succeedsWith(200, { body: 'old' })],
  ['HTTP/1.0 with a failure', () => 'HTTP/1.0 500 Oh\r\n\r\nold', failsWith(500, { body: 'old' })],
  ['early hints before a success', () => `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${OK}`, succeedsWith(200, { body: 'ok' })],
  ['early hints before a failure', () => 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n', failsWith(500)],
  ['102 and nothing else', (socket) => void socket.write('HTTP/1.1 102 Processing\r\n\r\n'), failsAs('timeout')],
  ['an upgrade that nobody asked for', (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'), failsAs('protocol')],
  ['204 with a body', () => 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello', succeedsWith(204, { body: '' })],
  ['304', answer('304 Not Modified'), failsWith(304)],
  ['a second answer that nobody asked for', () => 'HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 Forged\r\ncontent-length: 0\r\n\r\n', failsWith(500)],
];

describe('an attempt', () => {
  it.each(FAULTS)('that meets %s', async (_, misbehave, expected) => {
    const { url, requests } = await desk.receiver({ answer: onlyTheFirst(misbehave) });
    const endpoint = await desk.endpointAt(url);
    const [bad, next] = await desk.deliverTwo(endpoint);
    desk.assertBecame(bad, expected);
    expect(bad['attempt_count']).toBe(1);
    expect(next).toMatchObject({ status: 'succeeded', attempt_count: 1, last_status_code: 200 });
    expect(requests.items).toHaveLength(2);
  });

  it('that meets a closed port fails, and is made again when somebody listens', async () => {
    const gone = await desk.receiver({ answer: () => OK });
    await gone.close();
    const endpoint = await desk.endpointAt(gone.url);
    const [bad] = await desk.deliverTwo(endpoint);
    desk.assertBecame(bad, failsAs('connect'));
    // It is connected to twice, and that is one attempt.
    expect(bad['attempt_count']).toBe(1);
    const back = await desk.receiver({ answer: () => OK, port: gone.port });
    desk.clock.advance(PAST_THE_SCHEDULE_MS);
    await desk.settle();
    expect((await desk.both(endpoint)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(back.requests.items).toHaveLength(2);
  });

  it('that is answered 410 disables the endpoint and is not made again', async () => {
    const { url, requests } = await desk.receiver({ answer: onlyTheFirst(answer('410 Gone', [], 'gone')) });
    const endpoint = await desk.endpointAt(url);
    await desk.causeEvent('bad');
    await desk.settle();
    const [listed] = await deliveriesOf(desk.api(), endpoint);
    desk.assertBecame(await deliveryOf(desk.api(), endpoint, listed!.id), { status: 'discarded', code: 410, body: 'gone' });
    expect((await desk.api().get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ enabled: false, disabled_reason: 'gone' });
    desk.clock.advance(3_600_000);
    await desk.settle();
    expect(requests.items).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308].flatMap((code) => [[code, '127.0.0.3', 'an internal'], [code, '127.0.0.2', 'another']] as const))(
    'that is sent elsewhere by %i, to %s, %s address, does not go there',
    async (code, host, _) => {
      const target = await desk.receiver({ answer: () => OK, host });
      const { url } = await desk.receiver({ answer: onlyTheFirst(answer(`${code} Elsewhere`, [`location: ${target.url}/secret`])) });
      const [bad, next] = await desk.deliverTwo(await desk.endpointAt(url));
      desk.assertBecame(bad, failsWith(code, { headers: { location: `${target.url}/secret` } }));
      expect(next['status']).toBe('succeeded');
      expect(target.connections()).toBe(0);
    },
  );
});
