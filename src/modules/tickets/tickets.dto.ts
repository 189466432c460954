import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsInstant, IsInstantFilter } from '../../platform/http/validation/rules.js';
import { TICKET_PRIORITIES, TICKET_STATUSES } from './domain/ticket-status.js';
import type { TicketPriority, TicketStatus } from './domain/ticket-status.js';

export const MAX_TITLE_CHARACTERS = 500;
export const MAX_CONTENT_CHARACTERS = 20_000;

class TicketFieldsDto {
  /**
   * Your own id of the ticket, unique within the organization; without one it is the ticket's own `id`.
   * @example 'T-2041'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  ticket_id?: string;

  /**
   * Up to 20,000 characters. Without it a ticket of a conversation begins with what the visitor wrote there.
   * @example 'The parcel was left with a neighbour who is not at home.'
   */
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CONTENT_CHARACTERS)
  content?: string | null;

  /** @example 'high' */
  @IfPresent()
  @IsIn(TICKET_PRIORITIES)
  priority?: TicketPriority;

  /** @example 'parcel' */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  category?: string | null;

  /**
   * A new ticket may have any; after that open → processing, pending, resolved, closed; processing ⇄ pending; both → resolved, closed,
   * open; resolved → closed, processing; closed → processing.
   * @example 'open'
   */
  @IfPresent()
  @IsIn(TICKET_STATUSES)
  status?: TicketStatus;

  /**
   * Who works on it: an agent by its id, or anybody of another system by whatever name.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  handler?: string | null;

  /**
   * Whose supervisors, and while no agent handles it whose agents see it. Without one that of the conversation, else of the
   * handler, else of the agent who makes the ticket, else the one that an application is confined to.
   * @example 'support'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string | null;

  /**
   * The conversation that it came from. Once it had one, only another one of the same visitor takes its place: a ticket stays
   * with the visitor whose words it may hold.
   * @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  conversation_id?: string | null;

  /**
   * The customer, by the id that the CRM gave. Without one a ticket of a conversation has that of its visitor.
   * @example 'C-1001'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  customer_id?: string | null;

  /**
   * In RFC 3339. A ticket that is neither resolved nor closed by then is overdue.
   * @example '2026-03-03T17:00:00.000Z'
   */
  @IsOptional()
  @IsInstant()
  due_at?: string | null;

  /** @example ['parcel'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];
}

export class CreateTicketDto extends TicketFieldsDto {
  /** @example 'Parcel was not delivered' */
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TITLE_CHARACTERS)
  title: string;
}

export class UpdateTicketDto extends TicketFieldsDto {
  /** @example 'Parcel was not delivered' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TITLE_CHARACTERS)
  title?: string;
}

/** The fields of a ticket that a list is filtered by as they are. */
export const FILTERS = ['status', 'priority', 'category', 'handler', 'department', 'conversation_id', 'visitor_id', 'customer_id'] as const;

export class ListTicketsDto extends PageQueryDto {
  /** @example 'T-2041' */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  ticket_id?: string;

  /** @example 'open' */
  @IfPresent()
  @IsIn(TICKET_STATUSES)
  status?: TicketStatus;

  /** @example 'high' */
  @IfPresent()
  @IsIn(TICKET_PRIORITIES)
  priority?: TicketPriority;

  /** @example 'parcel' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  category?: string;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  handler?: string;

  /**
   * Whether nobody handles it.
   * @example false
   */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  unassigned?: boolean;

  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  department?: string;

  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  conversation_id?: string;

  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  visitor_id?: string;

  /** @example 'C-1001' */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  customer_id?: string;

  /** @example 'parcel' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  tag?: string;

  /** @example false */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  overdue?: boolean;

  /**
   * Only what is due at or after this instant, in RFC 3339.
   * @example '2026-03-01T00:00:00Z'
   */
  @IsInstantFilter()
  due_since?: number;

  /**
   * Only what is due before this instant, in RFC 3339.
   * @example '2100-01-01T00:00:00Z'
   */
  @IsInstantFilter()
  due_until?: number;

  /**
   * Only what was created at or after this instant, in RFC 3339.
   * @example '2026-03-01T00:00:00Z'
   */
  @IsInstantFilter()
  created_since?: number;

  /**
   * Only what was created before this instant, in RFC 3339.
   * @example '2100-01-01T00:00:00Z'
   */
  @IsInstantFilter()
  created_until?: number;

  /**
   * Only what was changed last at or after this instant, in RFC 3339.
   * @example '2026-03-01T00:00:00Z'
   */
  @IsInstantFilter()
  updated_since?: number;

  /**
   * Only what was changed last before this instant, in RFC 3339.
   * @example '2100-01-01T00:00:00Z'
   */
  @IsInstantFilter()
  updated_until?: number;
}
