import { isUniqueViolation } from '../../../platform/database/unique-violation.js';
import type { Outcome } from '../../../platform/database/shared-unit.js';

/** As often as others may bring the same new records at the same moment. */
const MAX_RUNS = 5;

export type UpsertStatus = 'created' | 'updated' | 'unchanged';

export interface Upserted<R> {
  status: UpsertStatus;
  row: R;
}

export interface UpsertItem<R, F> {
  fields: F;
  /** Throws a DomainError where the caller must not write it; null for a new one. */
  assertMayWrite?: (known: R | null) => void;
}

export interface Change<R> {
  before: R;
  row: R;
  /** The names of the fields that differ. */
  changed: readonly string[];
}

/** How one kind of record, which an outside system names, is kept. All of it belongs into an open unit of work. */
export interface RecordKind<R, F> {
  keyOf(fields: F): string;
  rowKeyOf(row: R): string;
  /** Locks those that are there, in the order of their keys. */
  lock(organizationId: string, keys: readonly string[]): Promise<R[]>;
  /** A new one, from its fields. Throws a DomainError for fields that cannot be taken. */
  make(organizationId: string, fields: F, now: number): R;
  /** The row with the fields that are given; those that are left out stay. */
  merge(row: R, fields: F): R;
  /** The names of the fields in which they differ. */
  differences(before: R, after: R): string[];
  insert(rows: readonly R[]): Promise<void>;
  update(rows: readonly Change<R>[], now: number): Promise<void>;
  /** Emits the events of what was written. */
  tell(made: readonly R[], changes: readonly Change<R>[]): Promise<void>;
}

interface State<R> {
  before: R | null;
  row: R;
}

/**
 * Writes records by their outside ids, in the open unit: new ones are made, known ones changed, and the same again
 * changes nothing and tells nothing. Of several of one id the last wins. An item that cannot be done fails alone.
 */
export async function upsertSlice<R, F>(kind: RecordKind<R, F>, organizationId: string, items: readonly UpsertItem<R, F>[], now: number): Promise<Outcome<Upserted<R>>[]> {
  for (let run = 1; ; run++) {
    const keys = [...new Set(items.map(({ fields }) => kind.keyOf(fields)))].toSorted();
    const known = await kind.lock(organizationId, keys);
    const states = new Map<string, State<R>>(known.map((row) => [kind.rowKeyOf(row), { before: row, row }]));
    const outcomes = items.map((item) => take(kind, organizationId, states, item, now));
    const inOrder = keys.flatMap((key) => states.get(key) ?? []);
    const made = inOrder.filter(({ before }) => before === null).map(({ row }) => row);
    try {
      if (made.length > 0) await kind.insert(made);
    } catch (error) {
      // Another unit has made one of them since the look: now it is there to be changed.
      if (!isUniqueViolation(error) || run >= MAX_RUNS) throw error;
      continue;
    }
    const changes = inOrder.flatMap(({ before, row }) => {
      const changed = before === null ? [] : kind.differences(before, row);
      return before === null || changed.length === 0 ? [] : [{ before, row, changed }];
    });
    if (changes.length > 0) await kind.update(changes, now);
    await kind.tell(made, changes);
    return outcomes;
  }
}

function take<R, F>(kind: RecordKind<R, F>, organizationId: string, states: Map<string, State<R>>, { fields, assertMayWrite }: UpsertItem<R, F>, now: number): Outcome<Upserted<R>> {
  const key = kind.keyOf(fields);
  const state = states.get(key);
  try {
    assertMayWrite?.(state?.row ?? null);
    if (state === undefined) {
      const row = kind.make(organizationId, fields, now);
      states.set(key, { before: null, row });
      return { value: { status: 'created', row } };
    }
    const row = kind.merge(state.row, fields);
    if (kind.differences(state.row, row).length === 0) return { value: { status: 'unchanged', row: state.row } };
    state.row = row;
    return { value: { status: 'updated', row } };
  } catch (error) {
    return { error };
  }
}
