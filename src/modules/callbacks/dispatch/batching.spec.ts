import { describe, expect, it } from 'vitest';
import { cutBatches, withinBytes } from './batching.js';

const NOW = 1_000_000;
const OPTIONS = { max_items: 3, max_wait_ms: 500 };
const due = (name: string, waitedMs = 0) => ({ name, due_at: NOW - waitedMs, conversation_id: name === '-' ? null : name });
const names = (batches: { name: string }[][]): string[] => batches.map((batch) => batch.map(({ name }) => name).join(''));

describe('batches', () => {
  it('are full, and the rest waits', () => {
    expect(names(cutBatches([...'abcdefgh'].map((name) => due(name)), OPTIONS, false, 9, NOW))).toEqual(['abc', 'def']);
  });

  it('are not full when the oldest has waited long enough', () => {
    expect(names(cutBatches([due('a', 500), due('b')], OPTIONS, false, 9, NOW))).toEqual(['ab']);
    expect(names(cutBatches([due('a', 499), due('b')], OPTIONS, false, 9, NOW))).toEqual([]);
    expect(names(cutBatches([due('a', 900), due('b'), due('c'), due('d', 100)], OPTIONS, false, 9, NOW))).toEqual(['abc']);
  });

  it('are no more than may be sent', () => {
    expect(names(cutBatches([...'abcdefgh'].map((name) => due(name, 900)), OPTIONS, false, 2, NOW))).toEqual(['abc', 'def']);
    expect(cutBatches([due('a', 900)], OPTIONS, false, 0, NOW)).toEqual([]);
  });

  it('hold several events of a conversation, but no conversation is in two of them', () => {
    const list = [...'aaaaabb--c'].map((name) => due(name, 900));
    expect(names(cutBatches(list, OPTIONS, true, 9, NOW))).toEqual(['aaa', 'bb-', '-c']);
    expect(names(cutBatches(list, OPTIONS, false, 9, NOW))).toEqual(['aaa', 'aab', 'b--', 'c']);
  });

  it('end before their bytes are too many, and hold one event at least', () => {
    const sized = (...sizes: number[]): number[] => withinBytes(sizes, (size) => size, 100);
    expect(sized(40, 60, 1)).toEqual([40, 60]);
    expect(sized(40, 61, 1)).toEqual([40]);
    expect(sized(101, 1)).toEqual([101]);
    expect(sized(100)).toEqual([100]);
    expect(sized()).toEqual([]);
  });
});
