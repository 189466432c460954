import { Type } from 'class-transformer';
import {
  ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateBy, ValidateNested,
} from 'class-validator';
import { EVENT_TYPES } from '../../../kernel/domain-event.js';
import type { EventType } from '../../../kernel/domain-event.js';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsHttpUrl, IsJsonObject } from '../../../platform/http/validation/rules.js';
import { IsEndpointHeaders } from './endpoint-headers.js';
import { BatchDto, EndpointFilterDto, EndpointRateLimitDto, RetryDto } from './endpoint-options.dto.js';
import { IsEndpointSecret } from './endpoint-secret.js';
import { ORDERINGS, SIGNINGS } from './endpoint.entity.js';
import type { Ordering, Signing } from './endpoint.entity.js';
import { isEventPattern } from '../../../kernel/event-pattern.js';

const MAX_OPTIONS_BYTES = 8192;

function IsEventPatterns(): PropertyDecorator {
  return ValidateBy({
    name: 'isEventPatterns',
    validator: {
      validate: (value) => Array.isArray(value) && value.every(isEventPattern),
      defaultMessage: () => '$property must hold event names, patterns such as message.*, or *',
    },
  });
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

  /**
   * How events look: `native`, the envelope of the event log, or `cloudevents`, CloudEvents 1.0 in structured mode. With
   * another format an endpoint takes over its schedule, unless it has one of its own, and loses its options, unless the
   * body has new ones.
   * @example 'native'
   */
  @IfPresent()
  @Matches(/^[a-z][a-z0-9_-]{0,31}$/, { message: '$property must be the name of a format' })
  format?: string;

  /**
   * What the format knows to be set; replaced as a whole. `native` knows nothing, `cloudevents` knows `type_prefix`, a
   * reverse DNS name such as `com.example.` that stands before the event's name in `type`.
   * @example {}
   */
  @IfPresent()
  @IsJsonObject(MAX_OPTIONS_BYTES)
  format_options?: Record<string, unknown>;

  /**
   * `hmac` signs with the secret that is answered once (`v1`). `ed25519` signs with a private key that never leaves the
   * service (`v1a`); receivers verify with `public_key`. It stays as it was when the endpoint was made.
   * @example 'hmac'
   */
  @IfPresent()
  @IsIn(SIGNINGS)
  signing?: Signing;

  /**
   * Sent with each request, for example for the receiver's own access check. Write-only.
   * @example { "x-team": "billing" }
   */
  @IfPresent()
  @IsEndpointHeaders()
  headers?: Record<string, string>;

  /**
   * How long one attempt may take, from the connection to the end of the answer. When it ends after the status has come,
   * the status counts.
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

  /**
   * Several events in one request: a JSON array under one signature, whose `webhook-id` names the batch and stays over
   * its retries; receivers know repeated events by the `id` of each. It arrives, or fails, as a whole. Null for one
   * request per event.
   */
  @IsOptional()
  @ValidateNested()
  @Type(() => BatchDto)
  batch?: BatchDto | null;

  /**
   * `none` sends as fast as it can: events mostly arrive in order, and one that failed arrives after later ones.
   * `per_conversation` sends the events of one conversation one after the other, each after the one before it has
   * arrived or was given up. That costs speed, one round trip per event of a conversation, and time: while one event
   * fails, all later ones of its conversation wait through its whole schedule. Other conversations go on.
   * @example 'none'
   */
  @IfPresent()
  @IsIn(ORDERINGS)
  ordering?: Ordering;

  /** The most requests that it gets; what is over waits. Null for as many as it answers. */
  @IsOptional()
  @ValidateNested()
  @Type(() => EndpointRateLimitDto)
  rate_limit?: EndpointRateLimitDto | null;

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
   * Your own signing secret, for `hmac`; a random one is made when absent.
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

const MAX_OVERLAP_SECONDS = 7 * 24 * 60 * 60;

export class RotateSecretDto {
  /**
   * Your own new secret, for `hmac`; a random one is made when absent.
   * @example 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
   */
  @IfPresent()
  @IsEndpointSecret()
  secret?: string;

  /**
   * For so long requests are signed with the old secret too, a day when absent.
   * @example 86400
   */
  @IfPresent()
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlap_seconds?: number;
}

export class TestEndpointDto {
  /**
   * An event of the catalogue, whether the endpoint asks for it or not.
   * @example 'message.received'
   */
  @IsIn(EVENT_TYPES)
  event: EventType;
}
