import { Entity, Index } from 'typeorm';
import { BytesColumn, CodeColumn, FlagColumn, IdColumn, InstantColumn, LongTextColumn, NumberColumn, PrimaryIdColumn, SerialColumn } from '../../../platform/database/columns.js';
import type { Source } from '../cells/sources.js';

/** What one conversation, ticket or agent contributes to one day; written anew whenever that changes. */
@Entity('statistics_facts')
@Index('statistics_facts_day', ['organization_id', 'source', 'day', 'subject_id'], { unique: true })
@Index('statistics_facts_subject', ['organization_id', 'subject_id', 'source'])
export class FactEntity {
  @SerialColumn() number: number;
  @IdColumn() organization_id: string;
  @CodeColumn(16) source: Source;
  /** UTC, `2026-03-01`. */
  @CodeColumn(10) day: string;
  @IdColumn() subject_id: string;
  /** As `toText` writes them. */
  @LongTextColumn() cells: string;
}

/** A day for which there are facts. */
@Entity('statistics_days')
@Index('statistics_days_stale', ['stale', 'organization_id', 'source', 'day'])
export class FactDayEntity {
  @PrimaryIdColumn() organization_id: string;
  @PrimaryIdColumn(16) source: Source;
  @PrimaryIdColumn(10) day: string;
  /** Greater with every change of its facts. */
  @NumberColumn() version: number;
  /** Whether its pack is older than its facts. */
  @FlagColumn() stale: boolean;
  /** A day that changes all the time is packed from time to time. */
  @InstantColumn() pack_after: number;
}

/** All facts of a day in one row; a table of its own, since the days change more often. */
@Entity('statistics_packs')
export class PackEntity {
  @PrimaryIdColumn() organization_id: string;
  @PrimaryIdColumn(16) source: Source;
  @PrimaryIdColumn(10) day: string;
  /** Of the day when it was packed: the pack holds while the day still has it. */
  @NumberColumn() version: number;
  @BytesColumn() pack: Buffer;
}
