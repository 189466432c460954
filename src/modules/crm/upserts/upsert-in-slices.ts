import { DomainError, excerpt } from '../../../kernel/domain-error.js';
import type { FieldError } from '../../../kernel/domain-error.js';
import type { Outcome } from '../../../platform/database/shared-unit.js';
import { validate } from '../../../platform/http/validation/validation.pipe.js';
import type { BatchItemView, BatchResultView } from './batch.dto.js';
import type { Upserted } from './upsert-slice.js';

/** Items of one transaction: others wait for it on SQLite, and what a crash undoes is no more than this. */
export const SLICE = 100;

export interface BatchOf<D extends object> {
  items: readonly unknown[];
  /** The class whose rules an item must meet. */
  type: new () => D;
  /** The field that is the outside id. */
  idField: keyof D & string;
  /** Writes some of them in one unit of work, and answers each. */
  write: (slice: readonly D[]) => Promise<Outcome<Upserted<unknown>>[]>;
}

interface Placed<D> {
  index: number;
  fields: D;
}

/** Some items that are written together. */
export interface Slice {
  /** In one unit of work; to be called once. */
  write(): Promise<void>;
}

/** What is to be done for a batch; `results` fills up as its slices are written. */
export interface PlannedBatch {
  slices: Slice[];
  results: BatchItemView[];
}

/** Tells the items that are not valid from those that are, and cuts these into slices. */
export function planBatch<D extends object>({ items, type, idField, write }: BatchOf<D>): PlannedBatch {
  const results: BatchItemView[] = [];
  const valid: Placed<D>[] = [];
  for (const [index, item] of items.entries()) {
    try {
      valid.push({ index, fields: validate(type, item) });
    } catch (error) {
      results[index] = refused(index, idOf(item, idField), error);
    }
  }
  const slices: Slice[] = [];
  for (let start = 0; start < valid.length; start += SLICE) {
    const slice = valid.slice(start, start + SLICE);
    slices.push({
      write: async () => {
        const outcomes = await write(slice.map(({ fields }) => fields));
        for (const [place, outcome] of outcomes.entries()) {
          const { index, fields } = slice[place]!;
          const id = idOf(fields, idField);
          results[index] = 'error' in outcome ? refused(index, id, outcome.error) : { index, status: outcome.value.status, id, errors: [] };
        }
      },
    });
  }
  return { slices, results };
}

/**
 * Takes what is valid of many items, slice by slice, and says of each what became of it. Slices are committed one after
 * the other: what was done before a failure stays, and sending all of it again changes no more than what is missing.
 */
export async function upsertInSlices<D extends object>(batch: BatchOf<D>): Promise<BatchResultView> {
  const { slices, results } = planBatch(batch);
  for (const slice of slices) await slice.write();
  const count = (status: BatchItemView['status']): number => results.filter((result) => result.status === status).length;
  return { data: results, created: count('created'), updated: count('updated'), unchanged: count('unchanged'), invalid: count('invalid') };
}

function refused(index: number, id: string | null, error: unknown): BatchItemView {
  if (!(error instanceof DomainError)) throw error;
  return { index, status: 'invalid', id, errors: fieldErrorsOf(error) };
}

/** What has no field of its own is said of the whole item. */
function fieldErrorsOf(error: DomainError): FieldError[] {
  return error.details.errors ?? [{ field: '', code: error.code, message: error.message }];
}

function idOf(item: unknown, field: string): string | null {
  const id: unknown = typeof item === 'object' && item !== null ? (item as Record<string, unknown>)[field] : null;
  return typeof id === 'string' ? excerpt(id, 191) : null;
}
