import { describe, expect, it } from 'vitest';
import { PacketLog } from './packet-log.js';
import type { PacketBounds } from './packet-log.js';

const ROOMS = { rooms: new Set<string>(), except: new Set<string>() };
const LOOSE: PacketBounds = { maxPackets: 1_000_000, maxBytes: 1_000_000_000 };

/** Adds a packet and answers its offset. */
function add(log: PacketLog, json: string): string {
  const offset = log.nextOffset;
  log.add({ ...ROOMS, json });
  return offset;
}

const textsAfter = (log: PacketLog, offset: string): string[] | undefined => log.after(offset)?.map(({ json }) => json);

describe('the packets that are kept', () => {
  it('are those after an offset, in order', () => {
    const log = new PacketLog(LOOSE);
    const offsets = ['a', 'b', 'c'].map((json) => add(log, json));
    expect(new Set(offsets).size).toBe(3);
    expect(offsets.map((offset) => textsAfter(log, offset))).toEqual([['b', 'c'], ['c'], []]);
  });

  it.each(['', 'nonsense!', '-1', '3', 'zzzzzzzzzzzzzzzz', '__proto__', 'Infinity'])('are none for %j, which was no offset', (offset) => {
    const log = new PacketLog(LOOSE);
    for (const json of ['a', 'b', 'c']) add(log, json);
    expect(log.after(offset)).toBeNull();
    expect(new PacketLog(LOOSE).after(offset)).toBeNull();
  });

  it('are so many at the most, and the oldest go', () => {
    const log = new PacketLog({ ...LOOSE, maxPackets: 3 });
    const offsets = ['a', 'b', 'c', 'd', 'e'].map((json) => add(log, json));
    expect(log.kept).toEqual({ packets: 3, bytes: 3 });
    expect(offsets.map((offset) => textsAfter(log, offset))).toEqual([undefined, undefined, ['d', 'e'], ['e'], []]);
  });

  it('have so many bytes at the most, as they go over the wire', () => {
    const log = new PacketLog({ ...LOOSE, maxBytes: 10 });
    const offsets = ['aaaa', '中文', 'bbbb'].map((json) => add(log, json));
    expect(log.kept).toEqual({ packets: 2, bytes: 10 });
    expect(textsAfter(log, offsets[0]!)).toBeUndefined();
    expect(textsAfter(log, offsets[1]!)).toEqual(['bbbb']);
    const huge = add(log, 'x'.repeat(11));
    expect(log.kept).toEqual({ packets: 0, bytes: 0 });
    expect(log.after(huge)).toBeNull();
    expect(textsAfter(log, add(log, 'c'))).toEqual([]);
  });

  it('are given up with age', () => {
    const log = new PacketLog(LOOSE);
    const old = add(log, 'old');
    log.dropOlderThan(Date.now() - 1000);
    expect(log.kept.packets).toBe(1);
    log.dropOlderThan(Date.now() + 1000);
    expect(log.kept).toEqual({ packets: 0, bytes: 0 });
    expect(log.after(old)).toBeNull();
    expect(textsAfter(log, add(log, 'new'))).toEqual([]);
  });

  it('are the last ones, however many went through', () => {
    const log = new PacketLog({ maxPackets: 700, maxBytes: 2500 });
    const offsets: string[] = [];
    for (let number = 0; number < 20_000; number++) {
      offsets.push(add(log, 'x'.repeat(number % 7)));
      const { packets, bytes } = log.kept;
      if (packets > 700 || bytes > 2500) expect.fail(`${packets} packets of ${bytes} bytes`);
      if (number % 997 > 0) continue;
      const kept = offsets.flatMap((offset, index) => (log.after(offset) === null ? [] : [index]));
      expect(kept).toEqual(Array.from({ length: packets }, (_, index) => number - packets + 1 + index));
      expect(kept.map((index) => log.after(offsets[index]!)!.length)).toEqual(kept.map((index) => number - index));
      expect(bytes).toBe(kept.reduce((sum, index) => sum + (index % 7), 0));
    }
  });
});
