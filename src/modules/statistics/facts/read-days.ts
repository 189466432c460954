import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { bytesOf } from '../../../platform/database/columns.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Projections } from '../../../platform/outbox/projections.js';
import { fromText, merged } from '../cells/cell.js';
import { pack } from '../cells/packed-cells.js';
import type { Source } from '../cells/sources.js';
import { PROJECTION } from '../projection/projection-name.js';

export interface DayRange {
  /** UTC, both included. */
  first: string;
  last: string;
}

export interface ReadDay {
  source: Source;
  day: string;
  version: number;
  pack: Uint8Array;
}

/** A consistent reading: everything that was written up to the position, and nothing after it. */
export interface Reading<T> {
  position: number;
  days: ReadDay[];
  beside: T;
}

type DayVersion = Omit<ReadDay, 'pack'>;

interface Index {
  position: number;
  days: DayVersion[];
}

/** Packs read by one statement: few enough that nobody waits for it on SQLite, where a query holds the process. */
const SLICE = 32;
const ROUNDS = 8;

/** Reads the days of a range as they were at one position of the event log, without holding anybody up. */
@Injectable()
export class ReadDays {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly projections: Projections,
  ) {}

  /** What `beside` reads must depend on nothing that changes without a change of these days. */
  async read<T>(organizationId: string, sources: readonly Source[], range: DayRange, beside: () => Promise<T>): Promise<Reading<T>> {
    const held = new Map<string, ReadDay>();
    for (let round = 1; round <= ROUNDS; round++) {
      const reading = await this.attempt(organizationId, sources, range, held, beside);
      if (reading !== null) return reading;
    }
    // The log moves faster than it can be read: the projection waits, this once.
    return this.unitOfWork.run(async () => {
      await this.projections.hold(PROJECTION, organizationId);
      return (await this.attempt(organizationId, sources, range, held, beside))!;
    });
  }

  /** Null when something changed while it was read; what is held by then need not be read again. */
  private async attempt<T>(organizationId: string, sources: readonly Source[], range: DayRange, held: Map<string, ReadDay>, beside: () => Promise<T>): Promise<Reading<T> | null> {
    const before = await this.index(organizationId, sources, range);
    await this.hold(organizationId, before.days, held);
    const read = await beside();
    const { position, days } = await this.index(organizationId, sources, range);
    if (days.some((day) => held.get(keyOf(day))?.version !== day.version)) return null;
    return { position, days: [...held.values()], beside: read };
  }

  /** One statement, so that the position and the versions belong together. */
  private async index(organizationId: string, sources: readonly Source[], { first, last }: DayRange): Promise<Index> {
    const rows = await this.unitOfWork.query<{ position: number; source: Source | null; day: string; version: number }>(
      `SELECT p.position, d.source, d.day, d.version FROM projection_positions p
       LEFT JOIN statistics_days d ON d.organization_id = p.organization_id AND d.source IN (${placeholders(sources.length)}) AND d.day BETWEEN ? AND ?
       WHERE p.projection = ? AND p.organization_id = ?`,
      [...sources, first, last, PROJECTION, organizationId],
    );
    const days = rows.flatMap(({ source, day, version }) => (source === null ? [] : [{ source, day, version: Number(version) }]));
    return { position: Number(rows[0]?.position ?? 0), days };
  }

  private async hold(organizationId: string, wanted: readonly DayVersion[], held: Map<string, ReadDay>): Promise<void> {
    const missing = wanted.filter((day) => held.get(keyOf(day))?.version !== day.version);
    for (const source of new Set(missing.map((day) => day.source))) {
      const days = missing.filter((day) => day.source === source);
      for (let start = 0; start < days.length; start += SLICE) {
        await this.holdSlice(organizationId, source, days.slice(start, start + SLICE), held);
        await yieldToOthers();
      }
    }
  }

  private async holdSlice(organizationId: string, source: Source, wanted: readonly DayVersion[], held: Map<string, ReadDay>): Promise<void> {
    const packs = await this.unitOfWork.query<{ day: string; version: number; pack: Uint8Array | ArrayBuffer }>(
      `SELECT day, version, pack FROM statistics_packs WHERE organization_id = ? AND source = ? AND day IN (${placeholders(wanted.length)})`,
      [organizationId, source, ...wanted.map(({ day }) => day)],
    );
    const byDay = new Map(packs.map((row) => [row.day, row]));
    for (const { day, version } of wanted) {
      const packed = byDay.get(day);
      const bytes = packed !== undefined && Number(packed.version) === version ? bytesOf(packed.pack) : await this.packOfFacts(organizationId, source, day);
      held.set(keyOf({ source, day }), { source, day, version, pack: bytes });
    }
  }

  private async packOfFacts(organizationId: string, source: Source, day: string): Promise<Uint8Array> {
    const facts = await this.unitOfWork.query<{ cells: string }>(
      'SELECT cells FROM statistics_facts WHERE organization_id = ? AND source = ? AND day = ?',
      [organizationId, source, day],
    );
    await yieldToOthers();
    return pack(merged(facts.flatMap(({ cells }) => fromText(cells))));
  }
}

function keyOf({ source, day }: Pick<DayVersion, 'source' | 'day'>): string {
  return `${source} ${day}`;
}
