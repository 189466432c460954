import { LABELS } from './cell.js';
import type { Cell, Label } from './cell.js';
import { ByteWriter } from './byte-writer.js';

const FORMAT = 1;
const DENSE = 0;
const SPARSE = 1;

/**
 * The cells of one day, column by column, so that a report reads the columns that it needs and skips the others: a year of
 * 250,000 conversations is 8 MB of this, and is summed up in the time in which a database looks at a tenth of the rows.
 *
 * A byte for the format, the number of cells, and a byte for the quarter of each. Then a block for each label, and after
 * their number one for each measure; a block begins with its length in bytes. That of a label has the number of its texts,
 * each with its length, and for each cell the place of its text, from 1, or 0 for none. That of a measure has a byte for its
 * kind: dense with the value of each cell, or sparse with the number of cells whose value is not 0, each with its distance
 * from the one before and its value. Numbers are LEB128.
 */
export function pack(cells: readonly Cell[]): Buffer {
  const out = new ByteWriter();
  out.byte(FORMAT);
  out.number(cells.length);
  for (const { quarter } of cells) out.byte(quarter);
  for (const label of LABELS) out.block((block) => writeLabel(block, cells.map(({ labels }) => labels[label])));
  const measures = cells[0]?.values.length ?? 0;
  out.number(measures);
  for (let measure = 0; measure < measures; measure++) out.block((block) => writeMeasure(block, cells.map(({ values }) => values[measure]!)));
  return out.bytes();
}

function writeLabel(out: ByteWriter, column: readonly (string | null)[]): void {
  const texts = [...new Set(column)].filter((text) => text !== null);
  const places = new Map<string | null, number>([[null, 0], ...texts.map((text, index) => [text, index + 1] as const)]);
  out.number(texts.length);
  for (const text of texts) out.text(text);
  for (const text of column) out.number(places.get(text)!);
}

function writeMeasure(out: ByteWriter, column: readonly number[]): void {
  const filled = column.flatMap((value, index) => (value === 0 ? [] : [index]));
  const dense = filled.length * 2 > column.length;
  out.byte(dense ? DENSE : SPARSE);
  if (dense) for (const value of column) out.number(value);
  else out.number(filled.length);
  if (dense) return;
  filled.forEach((index, place) => {
    out.number(index - (filled[place - 1] ?? 0));
    out.number(column[index]!);
  });
}

/** The labels of the cells of one day: for each cell the place of its text, from 1; 0 for none. */
export interface LabelColumn {
  texts: string[];
  places: Uint32Array;
}

/** Reads what `pack` has written, each column when it is asked for. */
export class PackedCells {
  readonly count: number;
  readonly quarters: Uint8Array;
  private readonly labelsAt = new Map<Label, number>();
  private readonly measuresAt: number[] = [];
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {
    if (bytes[this.at++] !== FORMAT) throw new Error('These cells were packed by another version; rebuild the statistics.');
    this.count = this.number();
    this.quarters = bytes.subarray(this.at, this.at + this.count);
    this.at += this.count;
    for (const label of LABELS) this.labelsAt.set(label, this.skipBlock());
    for (let measures = this.number(); measures > 0; measures--) this.measuresAt.push(this.skipBlock());
  }

  label(label: Label): LabelColumn {
    this.at = this.labelsAt.get(label)!;
    const texts: string[] = [];
    for (let count = this.number(); count > 0; count--) {
      const length = this.number();
      texts.push(Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at, length).toString('utf8'));
      this.at += length;
    }
    const places = new Uint32Array(this.count);
    for (let cell = 0; cell < this.count; cell++) places[cell] = this.number();
    return { texts, places };
  }

  /** Adds these measures of each cell to the sums of its group; -1 leaves a cell out. A group has `width` sums. */
  addTo(sums: Float64Array, groups: Int32Array, width: number, measures: readonly number[]): void {
    if (this.count === 0) return;
    for (const measure of measures) {
      this.at = this.measuresAt[measure]!;
      if (this.bytes[this.at++] === DENSE) this.addDense(sums, groups, width, measure);
      else this.addSparse(sums, groups, width, measure);
    }
  }

  private addDense(sums: Float64Array, groups: Int32Array, width: number, measure: number): void {
    for (let cell = 0; cell < groups.length; cell++) {
      const value = this.number();
      const group = groups[cell]!;
      if (group >= 0) sums[group * width + measure]! += value;
    }
  }

  private addSparse(sums: Float64Array, groups: Int32Array, width: number, measure: number): void {
    let cell = 0;
    for (let filled = this.number(); filled > 0; filled--) {
      cell += this.number();
      const value = this.number();
      const group = groups[cell]!;
      if (group >= 0) sums[group * width + measure]! += value;
    }
  }

  private skipBlock(): number {
    const length = this.number();
    const begin = this.at;
    this.at += length;
    return begin;
  }

  private number(): number {
    let byte = this.bytes[this.at++]!;
    let value = byte & 127;
    for (let unit = 128; byte > 127; unit *= 128) {
      byte = this.bytes[this.at++]!;
      value += (byte & 127) * unit;
    }
    return value;
  }
}
