import { describe, expect, it } from 'vitest';
import { LABELS, NO_LABELS, fromText, merged, quartersBetween, toText } from './cell.js';
import type { Cell, Label } from './cell.js';
import { PackedCells, pack } from './packed-cells.js';

const aCell = (quarter: number, labels: Partial<Cell['labels']>, ...values: number[]): Cell => ({ quarter, labels: { ...NO_LABELS, ...labels }, values });

/** Takes apart again what was packed, with a group for each cell. */
function unpacked(packed: PackedCells, measures: number): Cell[] {
  const groups = Int32Array.from({ length: packed.count }, (_, index) => index);
  const sums = new Float64Array(packed.count * measures);
  packed.addTo(sums, groups, measures, Array.from({ length: measures }, (_, index) => index));
  const columns = new Map(LABELS.map((label) => [label, packed.label(label)]));
  const labelOf = (label: Label, index: number): string | null => columns.get(label)!.texts[columns.get(label)!.places[index]! - 1] ?? null;
  return [...groups].map((index) => ({
    quarter: packed.quarters[index]!,
    labels: Object.fromEntries(LABELS.map((label) => [label, labelOf(label, index)])) as Cell['labels'],
    values: [...sums.subarray(index * measures, (index + 1) * measures)],
  }));
}

const CELLS = [
  aCell(0, {}, 0, 127, 128),
  aCell(95, { agent: 'agt_1', department: '售后', status: 'closed' }, 16_383, 16_384, 2 ** 32),
  aCell(37, { agent: '', channel: 'web', category: '😀'.repeat(100), priority: 'high' }, Number.MAX_SAFE_INTEGER, 1, 268_435_456),
];

describe('packed cells', () => {
  it('are what they were', () => {
    expect(unpacked(new PackedCells(pack(CELLS)), 3)).toEqual(CELLS);
    expect(unpacked(new PackedCells(pack([])), 3)).toEqual([]);
  });

  it('are the same in a part of a larger memory, as drivers give it', () => {
    const bytes = pack(CELLS);
    const larger = Buffer.concat([Buffer.alloc(7, 9), bytes, Buffer.alloc(7, 9)]);
    expect(unpacked(new PackedCells(larger.subarray(7, 7 + bytes.length)), 3)).toEqual(CELLS);
  });

  it('grow beyond the first room, and leave out what has no group', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => aCell(index % 96, { agent: `agt_${index % 50}` }, index, 1));
    const packed = new PackedCells(pack(many));
    const sums = new Float64Array(2);
    packed.addTo(sums, Int32Array.from(many, (_, index) => (index % 2 === 0 ? 0 : -1)), 2, [0, 1]);
    expect([...sums]).toEqual([99_990_000, 10_000]);
  });

  it('give the measures that are asked for, filled or mostly 0', () => {
    const cells = Array.from({ length: 500 }, (_, index) => aCell(1, { agent: 'a' }, index % 7 === 3 ? 300 : 0, index, 0));
    const sums = new Float64Array(3);
    new PackedCells(pack(cells)).addTo(sums, new Int32Array(500), 3, [0, 2]);
    expect([...sums]).toEqual([300 * 71, 0, 0]);
  });

  it('of another version are refused', () => {
    expect(() => new PackedCells(Buffer.from([99]))).toThrow(/rebuild/);
  });
});

describe('cells', () => {
  it('are the same after they were stored as text', () => {
    expect(fromText(toText(CELLS))).toEqual(CELLS);
  });

  it('of the same quarter and labels become one', () => {
    const cells = merged([aCell(1, { agent: 'a' }, 1, 2), aCell(1, { agent: 'b' }, 1, 1), aCell(1, { agent: 'a' }, 3, 4), aCell(2, { agent: 'a' }, 1, 1)]);
    expect(cells).toEqual([aCell(1, { agent: 'a' }, 4, 6), aCell(1, { agent: 'b' }, 1, 1), aCell(2, { agent: 'a' }, 1, 1)]);
  });

  it('share a time by the quarters that it touches', () => {
    const parts = [...quartersBetween(Date.parse('2026-03-01T23:50:00Z'), Date.parse('2026-03-02T00:20:00.500Z'))];
    expect(parts).toEqual([
      { day: '2026-03-01', quarter: 95, ms: 600_000 },
      { day: '2026-03-02', quarter: 0, ms: 900_000 },
      { day: '2026-03-02', quarter: 1, ms: 300_500 },
    ]);
    expect([...quartersBetween(5, 5)]).toEqual([]);
  });
});
