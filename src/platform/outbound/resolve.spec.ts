import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { directResolve, steadyResolve } from './resolve.js';
import type { Resolve } from './resolve.js';

const NEVER = new Promise<never>(() => undefined);
const LONG_MS = 60_000;
const SILENT: Resolve = () => NEVER;

type Step = Awaited<ReturnType<Resolve>> | Error | 'hang';

const at = (address: string): Step => [{ address }];
const failing = (code: string): Step => Object.assign(new Error(`getaddrinfo ${code}`), { code });

/** Answers one after the other, whatever the name. */
function answering(...steps: Step[]) {
  return vi.fn<Resolve>(async () => {
    const step = steps.shift();
    if (step === undefined) throw new Error('nobody was to ask once more');
    if (step === 'hang') return NEVER;
    if (step instanceof Error) throw step;
    return step;
  });
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a name', () => {
  it('is asked for each time, and its newest answer used', async () => {
    const resolve = steadyResolve(answering(at('1.1.1.1'), at('2.2.2.2'), at('3.3.3.3')), SILENT, LONG_MS);
    for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) expect(await resolve('a.test')).toEqual([{ address }]);
  });

  it('that no server answers for any more is where it was last', async () => {
    const ask = answering(at('1.1.1.1'), 'hang');
    const resolve = steadyResolve(ask, SILENT, 0);
    await resolve('a.test');
    expect(await resolve('a.test')).toEqual([{ address: '1.1.1.1' }]);
    expect(await resolve('a.test')).toEqual([{ address: '1.1.1.1' }]);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is waited for once, and not by everybody who asks', async () => {
    vi.useFakeTimers();
    const resolve = steadyResolve(answering(at('1.1.1.1'), 'hang'), SILENT, 1000);
    await resolve('a.test');
    const first = vi.fn<(answer: unknown) => void>();
    void resolve('a.test').then(first);
    await vi.advanceTimersByTimeAsync(999);
    expect(first).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(first).toHaveBeenCalledWith([{ address: '1.1.1.1' }]);
    const second = vi.fn<(answer: unknown) => void>();
    void resolve('a.test').then(second);
    await vi.advanceTimersByTimeAsync(0);
    expect(second).toHaveBeenCalledWith([{ address: '1.1.1.1' }]);
  });

  it('gets what came late the next time', async () => {
    let answerLate: (answer: Awaited<ReturnType<Resolve>>) => void;
    const late = new Promise<Awaited<ReturnType<Resolve>>>((resolve) => (answerLate = resolve));
    const answers = [Promise.resolve([{ address: '1.1.1.1' }]), late, NEVER];
    const resolve = steadyResolve(() => answers.shift()!, SILENT, 0);
    await resolve('a.test');
    expect(await resolve('a.test')).toEqual([{ address: '1.1.1.1' }]);
    answerLate!([{ address: '2.2.2.2' }]);
    await late;
    await new Promise(setImmediate);
    expect(await resolve('a.test')).toEqual([{ address: '2.2.2.2' }]);
  });

  it('is where it was last while its servers fail for the moment', async () => {
    const resolve = steadyResolve(answering(at('1.1.1.1'), failing('EAI_AGAIN'), failing('EAI_AGAIN'), at('2.2.2.2')), SILENT, LONG_MS);
    await resolve('a.test');
    for (const address of ['1.1.1.1', '1.1.1.1', '2.2.2.2']) expect(await resolve('a.test')).toEqual([{ address }]);
  });

  it('that is no more is nowhere, also when its servers are silent afterwards', async () => {
    const resolve = steadyResolve(answering(at('1.1.1.1'), failing('ENOTFOUND'), failing('EAI_AGAIN')), SILENT, LONG_MS);
    await resolve('a.test');
    await expect(resolve('a.test')).rejects.toThrow('ENOTFOUND');
    await expect(resolve('a.test')).rejects.toThrow('EAI_AGAIN');
  });

  it('knows nothing of another', async () => {
    const resolve = steadyResolve(answering(at('1.1.1.1'), failing('EAI_AGAIN')), SILENT, 0);
    await resolve('a.test');
    await expect(resolve('b.test')).rejects.toThrow('EAI_AGAIN');
  });

  it('is looked up once for all that ask meanwhile', async () => {
    const ask = answering(at('1.1.1.1'), at('2.2.2.2'));
    const resolve = steadyResolve(ask, SILENT, LONG_MS);
    const all = await Promise.all([resolve('a.test'), resolve('a.test'), resolve('a.test')]);
    expect(all).toEqual(Array(3).fill([{ address: '1.1.1.1' }]));
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('that the system has no time for is asked for at the name servers, once for all that ask meanwhile', async () => {
    vi.useFakeTimers();
    const directly: ((answer: Awaited<ReturnType<Resolve>>) => void)[] = [];
    const direct = vi.fn<Resolve>(() => new Promise((resolved) => directly.push(resolved)));
    const resolve = steadyResolve(SILENT, direct, 0);
    const both = [resolve('a.test'), resolve('a.test')];
    await vi.advanceTimersByTimeAsync(0);
    directly[0]!([{ address: '3.3.3.3' }]);
    expect(await Promise.all(both)).toEqual(Array(2).fill([{ address: '3.3.3.3' }]));
    expect(direct).toHaveBeenCalledTimes(1);
    const later = resolve('a.test');
    await vi.advanceTimersByTimeAsync(0);
    directly[1]!([{ address: '4.4.4.4' }]);
    expect(await later).toEqual([{ address: '4.4.4.4' }]);
  });

  it('is what the system says, whatever the name servers say later', async () => {
    const directly: ((answer: Awaited<ReturnType<Resolve>>) => void)[] = [];
    const systemically: typeof directly = [];
    const resolve = steadyResolve(() => new Promise((resolved) => systemically.push(resolved)), () => new Promise((resolved) => directly.push(resolved)), 0);
    const first = resolve('a.test');
    await vi.waitFor(() => expect(directly).toHaveLength(1));
    systemically[0]!([{ address: '10.0.0.5' }]);
    expect(await first).toEqual([{ address: '10.0.0.5' }]);
    directly[0]!([{ address: '3.3.3.3' }]);
    expect(await resolve('a.test')).toEqual([{ address: '10.0.0.5' }]);
  });

  it('that the name servers do not know either is waited for', async () => {
    let answer: (answer: Awaited<ReturnType<Resolve>>) => void;
    const direct = answering(failing('ENOTFOUND'));
    const resolve = steadyResolve(() => new Promise((resolved) => (answer = resolved)), direct, 0);
    const asked = resolve('a.test');
    await vi.waitFor(() => expect(direct).toHaveBeenCalledTimes(1));
    answer!([{ address: '1.1.1.1' }]);
    expect(await asked).toEqual([{ address: '1.1.1.1' }]);
  });

  it('that the system knows in time is asked for nowhere else', async () => {
    const direct = answering();
    const resolve = steadyResolve(answering(at('1.1.1.1'), failing('ENOTFOUND')), direct, LONG_MS);
    expect(await resolve('a.test')).toEqual([{ address: '1.1.1.1' }]);
    await expect(resolve('a.test')).rejects.toThrow('ENOTFOUND');
    expect(direct).not.toHaveBeenCalled();
  });
});

describe('name servers', () => {
  it('give the addresses of both families, and a failure where there are none', async () => {
    const server = await startNameServer({ 'both.test A': [192, 0, 2, 1], 'both.test AAAA': [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 1], 'old.test A': [192, 0, 2, 2], 'half.test A': [192, 0, 2, 3] }, ['half.test AAAA']);
    const resolve = directResolve([server.address]);
    expect(await resolve('both.test')).toEqual([{ address: '192.0.2.1' }, { address: '2001:db8::1' }]);
    expect(await resolve('old.test')).toEqual([{ address: '192.0.2.2' }]);
    await expect(resolve('none.test')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolve('half.test')).rejects.toMatchObject({ code: 'EREFUSED' });
    await server.close();
  });
});

/** Knows the bytes of addresses by name and type, refuses to tell of some, and has nothing for all else. */
async function startNameServer(records: Record<string, number[]>, refused: string[] = []) {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    const type = query.readUInt16BE(at + 1);
    const asked = `${labels.join('.')} ${type === 28 ? 'AAAA' : 'A'}`;
    const data = records[asked];
    const head = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, refused.includes(asked) ? 0x85 : 0x80, 0, 1, 0, data === undefined ? 0 : 1, 0, 0, 0, 0])]);
    // The name as a pointer to the question, class IN, a second to live.
    const record = data === undefined ? [] : [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 1, 0, data.length, ...data];
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), Buffer.from(record)]), port, address);
  });
  await once(socket.bind(0, '127.0.0.1'), 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, close: () => new Promise<void>((resolve) => socket.close(resolve)) };
}
