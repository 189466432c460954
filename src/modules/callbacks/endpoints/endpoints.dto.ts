import { Type } from 'class-transformer';
import {
  ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, ValidateBy, ValidateNested,
} from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsHttpUrl } from '../../../platform/http/validation/rules.js';
import { FORMAT_NAMES } from '../formats/formats.js';
import { IsEndpointHeaders } from './endpoint-headers.js';
import { IsEndpointSecret } from './endpoint-secret.js';
import { isEventPattern } from './event-pattern.js';

const DAY_SECONDS = 24 * 60 * 60;

function IsEventPatterns(): PropertyDecorator {
  return ValidateBy({
    name: 'isEventPatterns',
    validator: {
      validate: (value) => Array.isArray(value) && value.every(isEventPattern),
      defaultMessage: () => '$property must hold event names, patterns such as message.*, or *',
    },
  });
}

export class RetryDto {
  /**
   * Seconds until the first attempt, then until each further one. When they are used up the delivery is exhausted.
   * @example [0, 5, 30, 120]
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(30)
  @IsInt({ each: true })
  @Min(0, { each: true })
  @Max(7 * DAY_SECONDS, { each: true })
  schedule_seconds: number[];
}

export class EndpointFilterDto {
  /** @example ['support'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  departments?: string[];

  /** @example ['web'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  channels?: string[];
}

/** What may be changed of an endpoint. */
export class UpdateEndpointDto {
  /**
   * Receives a POST for each event. Internal addresses are refused.
   * @example 'https://receiver.example.com/crossdesk'
   */
  @IfPresent()
  @IsHttpUrl()
  @MaxLength(2000)
  url?: string;

  /**
   * Event names, patterns, or `*`.
   * @example ['conversation.created', 'message.*']
   */
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsEventPatterns()
  events?: string[];

  /** @example 'native' */
  @IfPresent()
  @IsIn(FORMAT_NAMES)
  format?: 'native';

  /**
   * Sent with each request, for example for the receiver's own access check. Write-only.
   * @example { "x-team": "billing" }
   */
  @IfPresent()
  @IsEndpointHeaders()
  headers?: Record<string, string>;

  /**
   * How long one attempt may take, from the connection to the end of the answer.
   * @example 15000
   */
  @IfPresent()
  @IsInt()
  @Min(1000)
  @Max(30_000)
  timeout_ms?: number;

  /** Null for the format's own schedule. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RetryDto)
  retry?: RetryDto | null;

  /** Only events of these departments and channels; an empty list stands for all. */
  @IfPresent()
  @ValidateNested()
  @Type(() => EndpointFilterDto)
  filter?: EndpointFilterDto;

  /** @example true */
  @IfPresent()
  @IsBoolean()
  enabled?: boolean;

  /** @example 'Billing system' */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  description?: string | null;
}

export class CreateEndpointDto extends UpdateEndpointDto {
  /**
   * Receives a POST for each event. Internal addresses are refused.
   * @example 'https://receiver.example.com/crossdesk'
   */
  @IsHttpUrl()
  @MaxLength(2000)
  declare url: string;

  /**
   * Event names, patterns, or `*`.
   * @example ['conversation.created', 'message.*']
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsEventPatterns()
  declare events: string[];

  /**
   * Your own signing secret; a random one is made when absent.
   * @example 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
   */
  @IfPresent()
  @IsEndpointSecret()
  secret?: string;
}

export class ListEndpointsDto extends PageQueryDto {
  /** @example true */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  enabled?: boolean;
}

export class RetryView {
  /** @example [0, 5, 30, 120] */
  schedule_seconds: number[];
}

export class EndpointFilterView {
  /** @example ['support'] */
  departments: string[];
  /** @example ['web'] */
  channels: string[];
}

/** A registered URL that events are sent to. */
export class EndpointView {
  /** @example 'cbk_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'https://receiver.example.com/crossdesk' */
  url: string;
  /** @example ['conversation.created', 'message.*'] */
  events: string[];
  /** @example 'native' */
  format: string;
  /**
   * Names of the further headers; their values are not shown.
   * @example ['x-team']
   */
  header_names: string[];
  /** @example 15000 */
  timeout_ms: number;
  retry: RetryView;
  filter: EndpointFilterView;
  /** @example true */
  enabled: boolean;
  /**
   * Why the system disabled it: `gone` when the receiver answered 410, `creator_disabled` when the agent or application
   * that made it was disabled.
   * @example null
   */
  disabled_reason: string | null;
  /** @example 'Billing system' */
  description: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

/** A new endpoint, with its secret: it is shown here and never again. */
export class CreatedEndpointView extends EndpointView {
  /** @example 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' */
  secret: string;
}

export class EndpointPageView {
  data: EndpointView[];
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

export const ENDPOINT_WRITABLE: readonly (keyof EndpointView)[] = [
  'url', 'events', 'format', 'header_names', 'timeout_ms', 'retry', 'filter', 'enabled', 'description',
];
