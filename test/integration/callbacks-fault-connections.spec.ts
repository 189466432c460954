import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HAS_SERVERS } from '../support/cluster.js';
import { deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { PAST_THE_SCHEDULE_MS, failsAs, faultDesk } from '../support/fault-desk.js';
import { OK } from '../support/misbehaving-receiver.js';
import type { MisbehavingOptions } from '../support/misbehaving-receiver.js';
import { selfMadeCertificate } from '../support/self-made-certificate.js';

type Lookup = (options: { all: true }) => LookupAddress[] | Error | 'hang';

/** What the resolver of the machine answers for names that end in `.test`; all else is asked of the real one. */
const names = vi.hoisted(() => new Map<string, Lookup>());
/** Ends what hangs, as the resolver does some time. */
const giveUp = vi.hoisted(() => new Set<() => void>());

vi.mock('node:dns', async (original) => {
  const dns = await original<typeof import('node:dns')>();
  const lookup = (name: string, options: { all: true }, callback: (error: Error | null, found?: LookupAddress[]) => void): void => {
    const known = names.get(name);
    if (known === undefined) return dns.lookup(name, options, callback);
    const answer = known(options);
    if (answer === 'hang') return void giveUp.add(() => callback(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${name}`), { code: 'EAI_AGAIN' })));
    setImmediate(() => (answer instanceof Error ? callback(answer) : callback(null, answer)));
  };
  return { ...dns, default: { ...dns, lookup }, lookup };
});

/** The servers themselves know nothing of names that hang. */
vi.mock('node:dns/promises', async (original) => {
  const found = async (name: string): Promise<string[]> => {
    const answer = names.get(name)?.({ all: true });
    if (Array.isArray(answer)) return answer.map(({ address }) => address);
    throw Object.assign(new Error(`queryA ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
  };
  class Resolver {
    resolve4 = found;
    resolve6 = async (): Promise<string[]> => [];
  }
  return { ...(await original<typeof import('node:dns/promises')>()), Resolver };
});

const desk = faultDesk();

afterEach(() => {
  names.clear();
  for (const end of giveUp) end();
  giveUp.clear();
});

describe('TLS', () => {
  it.each<[name: string, options: Omit<MisbehavingOptions, 'answer'>, message: RegExp]>([
    ['that nobody known has signed', { tls: selfMadeCertificate() }, /self-signed/],
    ['that has expired', { tls: selfMadeCertificate('expired', { validForMs: -3_600_000 }) }, /expired|self-signed/],
    ['for another address', { tls: selfMadeCertificate('other', { address: '127.0.0.9' }) }, /self-signed|altnames/],
  ])('with a certificate %s is refused before anything is sent', async (_, options, message) => {
    const { url, requests, connections } = await desk.receiver({ ...options, answer: () => OK });
    const [bad, next] = await desk.deliverTwo(await desk.endpointAt(url));
    for (const delivery of [bad, next]) desk.assertBecame(delivery, failsAs('tls'));
    expect(bad['attempts'][0].error_message).toMatch(message);
    expect(connections()).toBeGreaterThanOrEqual(2);
    expect(requests.items).toEqual([]);
  });

  it.each<[name: string, onConnection: (socket: Socket) => void, errorClass: string]>([
    ['to a port that speaks HTTP', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')), 'tls'],
    ['that is cut off in the handshake', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'tls'],
    ['whose handshake hangs', () => undefined, 'timeout'],
  ])('%s', async (_, onConnection, errorClass) => {
    // Without a certificate of its own: it never sees more than the greeting of the handshake.
    const { url, requests } = await desk.receiver({ answer: () => OK, onConnection });
    const [bad, next] = await desk.deliverTwo(await desk.endpointAt(url.replace('http:', 'https:')));
    for (const delivery of [bad, next]) desk.assertBecame(delivery, failsAs(errorClass));
    expect(requests.items).toEqual([]);
  });
});

describe('a connection that was kept', () => {
  const ANSWER = 'HTTP/1.1 204 No Content\r\nkeep-alive: timeout=30\r\n\r\n';

  /** Of three events two are sent by the same worker. */
  async function deliverThree(url: string): Promise<Resource[]> {
    const endpoint = await desk.endpointAt(url);
    for (const name of ['one', 'two', 'three']) {
      await desk.causeEvent(name);
      await desk.settle();
    }
    return deliveriesOf(desk.api(), endpoint);
  }

  it.each<[name: string, end: (socket: Socket) => void]>([
    ['closes', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ])('and that the receiver %s costs no attempt', async (_, end) => {
    const seen = new WeakSet<Socket>();
    const { url, requests, connections } = await desk.receiver({ answer: (socket) => {
      if (seen.has(socket)) end(socket);
      else socket.write(ANSWER);
      seen.add(socket);
    } });
    for (const delivery of await deliverThree(url)) expect(delivery).toMatchObject({ status: 'succeeded', attempt_count: 1 });
    expect(requests.items.length).toBeGreaterThan(3);
    expect(connections()).toBe(3);
  });

  it('is given up after one more', async () => {
    let answered = false;
    const { url, requests } = await desk.receiver({ answer: (socket) => {
      if (answered) socket.resetAndDestroy();
      else socket.write(ANSWER);
      answered = true;
    } });
    const [, ...others] = await deliverThree(url);
    for (const delivery of others) expect(delivery).toMatchObject({ status: 'failed', attempt_count: 1 });
    // Only one of them found a connection that was kept; of two workers the other may have sent both.
    expect(HAS_SERVERS ? [3, 4] : [4]).toContain(requests.items.length);
  });
});

describe('a name', () => {
  const at = (...addresses: string[]): LookupAddress[] => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const dnsError = (code: string): Error => Object.assign(new Error(`getaddrinfo ${code} receiver.test`), { code, syscall: 'getaddrinfo' });

  let hosts = 0;
  /** Of which no answer is known. */
  const newHost = (): string => `receiver-${++hosts}.test`;

  it.each<[name: string, lookup: Lookup, errorClass: string]>([
    ['that does not exist', () => dnsError('ENOTFOUND'), 'dns'],
    ['whose server fails', () => dnsError('EAI_AGAIN'), 'dns'],
    ['that has no address', () => [], 'dns'],
    ['whose server does not answer', () => 'hang', 'timeout'],
  ])('%s fails and is tried again', async (_, lookup, errorClass) => {
    const host = newHost();
    const { port, requests } = await desk.receiver({ answer: () => OK });
    names.set(host, lookup);
    const endpoint = await desk.endpointAt(`http://${host}:${port}`);
    const [bad] = await desk.deliverTwo(endpoint);
    desk.assertBecame(bad, failsAs(errorClass));
    for (const end of giveUp) end();
    names.set(host, () => at('127.0.0.1'));
    desk.clock.advance(PAST_THE_SCHEDULE_MS);
    await desk.settle();
    expect((await desk.both(endpoint)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(requests.items).toHaveLength(2);
  });

  it('is reached while another whose server does not answer holds up the resolver', async () => {
    const { port, requests } = await desk.receiver({ answer: () => OK });
    const host = newHost();
    names.set(host, () => at('127.0.0.1'));
    names.set('dead.test', () => 'hang');
    const endpoint = await desk.endpointAt(`http://${host}:${port}`);
    // Half a second of patience, and a second that endpoints of this desk have in all: too close on a busy machine.
    expect((await desk.api().put(`/callbacks/${endpoint.id}`, { timeout_ms: 20_000 })).status).toBe(200);
    const dead = await desk.endpointAt(`http://dead.test:${port}`);
    const tested = desk.api().post(`/callbacks/${dead.id}/test`, { event: 'visitor.created' });
    await vi.waitFor(() => expect(giveUp.size).toBe(1), { timeout: 10_000 });
    await desk.causeEvent('one');
    await desk.settle();
    expect((await deliveriesOf(desk.api(), endpoint)).map(({ status }) => status)).toEqual(['succeeded']);
    expect((await deliveriesOf(desk.api(), dead)).map(({ status }) => status)).toEqual(['failed']);
    expect(requests.items).toHaveLength(1);
    await tested;
  });

  it('that does not exist for the real resolver either fails', async () => {
    const [bad] = await desk.deliverTwo(await desk.endpointAt('http://no-such-host.invalid'));
    desk.assertBecame(bad, failsAs('dns'));
  });

  it.each([
    '127.0.0.3', '0.0.0.0', '10.0.0.1', '100.64.0.1', '169.254.169.254', '172.16.0.1', '192.0.0.8', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '168.63.129.16',
    '::', '::1', '::ffff:127.0.0.3', '::ffff:10.0.0.1', '::7f00:1', '::ffff:0:7f00:1', '64:ff9b::7f00:3', '64:ff9b::10.0.0.1', '64:ff9b:1::8.8.8.8', '2002:7f00:1::', '2001::1', '2001:4860::5efe:127.0.0.1',
    'fc00::1', 'fe80::1', 'fe80::1%lo', '::1%1', 'fec0::1', 'ff02::1', '100::1', '100:0:0:1::1', '2001:db8::1', '3fff::1', '5f00::1', '127.1', '0x7f000001',
  ])('whose address is %s is refused once, and not for as long as its schedule', async (address) => {
    names.set('internal.test', () => at(address));
    const [bad, next] = await desk.deliverTwo(await desk.endpointAt('http://internal.test:9'));
    for (const delivery of [bad, next]) {
      desk.assertBecame(delivery, { status: 'discarded', errorClass: 'address_forbidden' });
      expect(delivery).toMatchObject({ attempt_count: 1, attempts: [{ error_message: expect.stringContaining('CALLBACK_ALLOW_CIDRS') }] });
    }
  });

  it('that turns internal between the check and the connection gains nothing', async () => {
    const open = await desk.receiver({ answer: () => OK, host: '127.0.0.2' });
    const internal = await desk.receiver({ answer: () => OK, host: '127.0.0.3', port: open.port });
    let asked = 0;
    names.set('rebinding.test', () => at((asked += 1) === 1 ? '127.0.0.2' : '127.0.0.3'));
    const endpoint = await desk.endpointAt(`http://rebinding.test:${open.port}`);
    await desk.causeEvent('first');
    await desk.settle();
    expect([asked, open.requests.items.length]).toEqual([1, 1]);
    await desk.causeEvent('second');
    await desk.settle();
    const [first, second] = await desk.both(endpoint);
    expect(first).toMatchObject({ status: 'succeeded', attempt_count: 1 });
    desk.assertBecame(second, { status: 'discarded', errorClass: 'address_forbidden' });
    expect([asked, open.requests.items.length, internal.connections()]).toEqual([2, 1, 0]);
  });

  it.each([
    [['127.0.0.2', '127.0.0.3']],
    [['127.0.0.3', '127.0.0.2']],
    [['127.0.0.2', '::ffff:127.0.0.3']],
    [['127.0.0.2', '127.0.0.2', '127.0.0.2', '169.254.169.254']],
  ])('with open and internal addresses is refused as a whole: %s', async (addresses) => {
    const open = await desk.receiver({ answer: () => OK, host: '127.0.0.2' });
    const internal = await desk.receiver({ answer: () => OK, host: '127.0.0.3', port: open.port });
    names.set('mixed.test', () => at(...addresses));
    const [bad, next] = await desk.deliverTwo(await desk.endpointAt(`http://mixed.test:${open.port}`));
    for (const delivery of [bad, next]) {
      desk.assertBecame(delivery, { status: 'discarded', errorClass: 'address_forbidden' });
      expect(delivery['attempt_count']).toBe(1);
    }
    expect([open.connections(), internal.connections()]).toEqual([0, 0]);
  });
});
