import { Injectable } from '@nestjs/common';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { fromText, toText } from '../cells/cell.js';
import type { Cell } from '../cells/cell.js';
import type { Source } from '../cells/sources.js';

/** What is stored of one subject for one day. */
export interface KnownFact {
  number: number;
  text: string;
  cells: Cell[];
}

export interface NewFact {
  subjectId: string;
  day: string;
  cells: readonly Cell[];
  /** What it replaces. */
  known: KnownFact | undefined;
}

/** By subject and day. */
export type KnownFacts = Map<string, Map<string, KnownFact>>;

const FACT_COLUMNS = ['organization_id', 'source', 'day', 'subject_id', 'cells'] as const;
const DAY_COLUMNS = ['organization_id', 'source', 'day', 'version', 'stale', 'pack_after'] as const;

/**
 * Facts are replaced and never added to: who works out the same again changes nothing. One at a time for each
 * organization, under the lock of the projection.
 */
@Injectable()
export class FactStore {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** What is stored of these subjects, on all days or on some. */
  async load(organizationId: string, source: Source, subjectIds: readonly string[], days?: readonly string[]): Promise<KnownFacts> {
    const among = days === undefined ? '' : ` AND day IN (${placeholders(days.length)})`;
    const rows = await this.unitOfWork.query<{ number: number; subject_id: string; day: string; cells: string }>(
      `SELECT number, subject_id, day, cells FROM statistics_facts
       WHERE organization_id = ? AND subject_id IN (${placeholders(subjectIds.length)}) AND source = ?${among}`,
      [organizationId, ...subjectIds, source, ...(days ?? [])],
    );
    const found: KnownFacts = new Map();
    for (const { number, subject_id, day, cells } of rows) {
      const days = found.get(subject_id) ?? new Map<string, KnownFact>();
      found.set(subject_id, days.set(day, { number: Number(number), text: cells, cells: fromText(cells) }));
    }
    return found;
  }

  /** Needs an open unit. What is as it was is not written. */
  async replace(organizationId: string, source: Source, facts: readonly NewFact[]): Promise<void> {
    const changed = facts.map((fact) => ({ ...fact, text: toText(fact.cells) })).filter(({ text, known }) => text !== (known?.text ?? '[]'));
    if (changed.length === 0) return;
    const gone = changed.flatMap(({ known }) => (known === undefined ? [] : [known.number]));
    if (gone.length > 0) await this.unitOfWork.write(`DELETE FROM statistics_facts WHERE number IN (${placeholders(gone.length)})`, gone);
    const rows = changed.filter(({ cells }) => cells.length > 0).map(({ day, subjectId, text }) => [organizationId, source, day, subjectId, text]);
    await addRows(this.unitOfWork, 'statistics_facts', FACT_COLUMNS, rows);
    await this.touch(organizationId, source, [...new Set(changed.map(({ day }) => day))].toSorted());
  }

  /** The packs of these days no longer hold. */
  private async touch(organizationId: string, source: Source, days: readonly string[]): Promise<void> {
    const key = [organizationId, source, ...days];
    const where = `organization_id = ? AND source = ? AND day IN (${placeholders(days.length)})`;
    const known = await this.unitOfWork.query<{ day: string }>(`SELECT day FROM statistics_days WHERE ${where}${this.unitOfWork.forUpdate}`, key);
    if (known.length > 0) await this.unitOfWork.write(`UPDATE statistics_days SET version = version + 1, stale = 1 WHERE ${where}`, key);
    const missing = days.filter((day) => !known.some((row) => row.day === day));
    await addRows(this.unitOfWork, 'statistics_days', DAY_COLUMNS, missing.map((day) => [organizationId, source, day, 1, 1, 0]));
  }
}
