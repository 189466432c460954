/** What a figure can be told apart by beside time; null stands for none. */
export const LABELS = ['agent', 'department', 'channel', 'category', 'priority', 'status'] as const;
export type Label = (typeof LABELS)[number];
export type Labels = Record<Label, string | null>;

export const NO_LABELS: Labels = { agent: null, department: null, channel: null, category: null, priority: null, status: null };

export const QUARTER_MS = 15 * 60_000;
export const QUARTERS_PER_DAY = 96;
const DAY_MS = QUARTERS_PER_DAY * QUARTER_MS;

/**
 * Sums and counts of one quarter of an hour. Every offset from UTC is a multiple of it, so that the days and hours of any
 * time zone are made of whole ones.
 */
export interface Cell {
  /** Of its UTC day, from 0. */
  quarter: number;
  labels: Labels;
  /** Whole numbers, none negative, in the order of the source's measures. */
  values: number[];
}

/** UTC, `2026-03-01`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`);
}

export function nextDay(day: string): string {
  return dayOf(startOfDay(day) + DAY_MS);
}

export function quarterOf(atMs: number): number {
  return Math.floor((atMs - startOfDay(dayOf(atMs))) / QUARTER_MS);
}

/** How much of a time lies in each quarter of an hour that it touches. */
export function* quartersBetween(fromMs: number, toMs: number): Generator<{ day: string; quarter: number; ms: number }> {
  let day = dayOf(fromMs);
  let begin = startOfDay(day);
  for (let at = fromMs; at < toMs; ) {
    if (at >= begin + DAY_MS) [day, begin] = [dayOf(at), begin + DAY_MS];
    const quarter = Math.floor((at - begin) / QUARTER_MS);
    const end = Math.min(toMs, begin + (quarter + 1) * QUARTER_MS);
    yield { day, quarter, ms: end - at };
    at = end;
  }
}

function keyOf({ quarter, labels }: Pick<Cell, 'quarter' | 'labels'>): string {
  return JSON.stringify([quarter, ...LABELS.map((label) => labels[label])]);
}

/** One cell for each quarter and set of labels. */
export function merged(cells: Iterable<Cell>): Cell[] {
  const found = new Map<string, Cell>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...cell, values: [...cell.values] });
    else for (let index = 0; index < cell.values.length; index++) known.values[index]! += cell.values[index]!;
  }
  return [...found.values()];
}

/** The same cells are the same text, in whatever order they were counted. */
export function ordered(cells: readonly Cell[]): Cell[] {
  const textOf = ({ quarter, labels, values }: Cell): string => JSON.stringify([quarter, ...LABELS.map((label) => labels[label]), values]);
  return cells.toSorted((a, b) => (a.quarter - b.quarter === 0 ? (textOf(a) < textOf(b) ? -1 : 1) : a.quarter - b.quarter));
}

/** As it is stored with what it was counted from. */
export function toText(cells: readonly Cell[]): string {
  return JSON.stringify(cells.map(({ quarter, labels, values }) => [quarter, ...LABELS.map((label) => labels[label]), ...values]));
}

export function fromText(text: string): Cell[] {
  return (JSON.parse(text) as unknown[][]).map((parts) => ({
    quarter: parts[0] as number,
    labels: Object.fromEntries(LABELS.map((label, index) => [label, parts[index + 1]])) as Labels,
    values: parts.slice(LABELS.length + 1) as number[],
  }));
}
