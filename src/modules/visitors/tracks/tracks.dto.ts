import { IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsHttpUrl, IsInstant, IsInstantFilter, IsJsonObject } from '../../../platform/http/validation/rules.js';

const METADATA_BYTES = 4 * 1024;

/** A page that a visitor looked at. */
export class AddTrackDto {
  /** @example 'https://shop.example.com/parcels/4711' */
  @IsHttpUrl()
  @MaxLength(2000)
  url: string;

  /** @example 'Your parcels' */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  title?: string | null;

  /**
   * Where the visitor came from, as its program says it.
   * @example 'https://shop.example.com/'
   */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  referrer?: string | null;

  /**
   * When the visitor was there, in RFC 3339; now when absent.
   * @example '2026-03-01T09:30:00Z'
   */
  @IfPresent()
  @IsInstant()
  at?: string;

  /**
   * Up to 4 KiB of JSON.
   * @example { "campaign": "spring" }
   */
  @IfPresent()
  @IsJsonObject(METADATA_BYTES)
  metadata?: Record<string, unknown>;
}

export class ListTracksDto extends PageQueryDto {
  /**
   * Only pages that were looked at at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  since?: number;

  /**
   * Only pages that were looked at before this instant, in RFC 3339.
   * @example '2026-03-02T09:30:00Z'
   */
  @IsInstantFilter()
  until?: number;
}

/** A page that a visitor looked at. */
export class TrackView {
  /** @example 'trk_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  visitor_id: string;
  /** @example 'https://shop.example.com/parcels/4711' */
  url: string;
  /** @example 'Your parcels' */
  title: string | null;
  /** @example 'https://shop.example.com/' */
  referrer: string | null;
  /** @example { "campaign": "spring" } */
  metadata: Record<string, unknown>;
  /** @example '2026-03-01T09:30:00.000Z' */
  at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
}

export class TrackPageView {
  data: TrackView[];
  /** @example null */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}
