import type { Label } from '../cells/cell.js';
import type { PackedCells } from '../cells/packed-cells.js';
import type { CellFilter } from './cell-filter.js';

/** A group of cells that agree in what was asked for. */
export interface Group {
  /** Its place among the moments of the time cut. */
  moment: number;
  labels: Partial<Record<Label, string | null>>;
  sums: Float64Array;
}

/** The groups that agree in all labels up to one: each has a group of the label before, and a text. */
interface Level {
  parents: number[];
  texts: number[];
  /** By parent and text. */
  places: number[][];
}

export interface Measures {
  /** Of a cell. */
  count: number;
  /** The places of those that are wanted. */
  wanted: readonly number[];
}

/** Adds up packed cells by moment and labels. */
export class Tally {
  private readonly levels: Level[];
  /** From 1; 0 is none. */
  private readonly textPlaces = new Map<string, number>();
  private readonly texts: string[] = [];
  private sums = new Float64Array(1024);
  private reached = 0;

  constructor(
    private readonly labels: readonly Label[],
    private readonly filter: CellFilter,
    private readonly measures: Measures,
  ) {
    this.levels = labels.map(() => ({ parents: [], texts: [], places: [] }));
  }

  /** `moments` has the moment of each quarter of the day, -1 for those that do not count. */
  add(packed: PackedCells, moments: Int32Array): void {
    const { count, quarters } = packed;
    const groups = new Int32Array(count);
    for (let cell = 0; cell < count; cell++) groups[cell] = moments[quarters[cell]!]!;
    for (const [label, conditions] of this.filter) leaveOut(packed, label, conditions, groups);
    this.labels.forEach((label, level) => this.split(packed, label, level, groups));
    for (let cell = 0; cell < count; cell++) if (groups[cell]! >= this.reached) this.reached = groups[cell]! + 1;
    this.reserve(this.reached * this.measures.count);
    packed.addTo(this.sums, groups, this.measures.count, this.measures.wanted);
  }

  /** How many groups there are. */
  get size(): number {
    return this.reached;
  }

  *groups(): Generator<Group> {
    const width = this.measures.count;
    for (let group = 0; group < this.reached; group++) {
      const labels: Partial<Record<Label, string | null>> = {};
      let place = group;
      for (let level = this.levels.length - 1; level >= 0; level--) {
        const { parents, texts } = this.levels[level]!;
        labels[this.labels[level]!] = this.texts[texts[place]! - 1] ?? null;
        place = parents[place]!;
      }
      yield { moment: place, labels, sums: this.sums.subarray(group * width, (group + 1) * width) };
    }
  }

  private split(packed: PackedCells, label: Label, level: number, groups: Int32Array): void {
    const column = packed.label(label);
    const own = [0, ...column.texts.map((text) => this.textPlace(text))];
    const { parents, texts, places } = this.levels[level]!;
    for (let cell = 0; cell < groups.length; cell++) {
      const parent = groups[cell]!;
      if (parent < 0) continue;
      const text = own[column.places[cell]!]!;
      const known = (places[parent] ??= []);
      let place = known[text];
      if (place === undefined) {
        place = parents.push(parent) - 1;
        texts.push(text);
        known[text] = place;
      }
      groups[cell] = place;
    }
  }

  private textPlace(text: string): number {
    const known = this.textPlaces.get(text);
    if (known !== undefined) return known;
    this.textPlaces.set(text, this.texts.push(text));
    return this.texts.length;
  }

  private reserve(length: number): void {
    if (length <= this.sums.length) return;
    const larger = new Float64Array(Math.max(length, this.sums.length * 2));
    larger.set(this.sums);
    this.sums = larger;
  }
}

function leaveOut(packed: PackedCells, label: Label, conditions: ((value: string | null) => boolean)[], groups: Int32Array): void {
  const { texts, places } = packed.label(label);
  const lets = [null, ...texts].map((text) => conditions.every((condition) => condition(text)));
  for (let cell = 0; cell < groups.length; cell++) if (!lets[places[cell]!]!) groups[cell] = -1;
}
