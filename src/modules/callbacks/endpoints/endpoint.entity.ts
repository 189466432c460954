import { Entity, ForeignKey, Index } from 'typeorm';
import type { Visibility } from '../../../kernel/principal.js';
import {
  CodeColumn, CountColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, PrimaryIdColumn, TextColumn,
} from '../../../platform/database/columns.js';
import type { BatchOptions } from '../formats/callback-format.js';

export type { BatchOptions } from '../formats/callback-format.js';

/** `per_conversation`: the events of one conversation one after the other, in the order of their commits. */
export const ORDERINGS = ['none', 'per_conversation'] as const;
export type Ordering = (typeof ORDERINGS)[number];

export const SIGNINGS = ['hmac', 'ed25519'] as const;
export type Signing = (typeof SIGNINGS)[number];

export interface OldSecret {
  secret: string;
  /** Unix milliseconds. */
  expires_at: number;
}

export interface EndpointFilter {
  departments: string[];
  channels: string[];
}

/** At most so many requests in any window of that length. */
export interface EndpointRateLimit {
  limit: number;
  window_seconds: number;
}

/** So many requests were granted at that time, in Unix milliseconds. */
export type RateGrant = [at: number, count: number];

/** How an endpoint fares about which nothing bad is known. */
export const UNTROUBLED = { suspended_until: null, failing_since: null, failure_count: 0, suspension_count: 0 };

@Entity('callback_endpoints')
@Index('callback_endpoints_created', ['organization_id', 'created_at', 'id'])
@Index('callback_endpoints_agent', ['agent_id'])
@Index('callback_endpoints_application', ['application_id'])
export class EndpointEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'callback_endpoints_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(2000) url: string;
  /** Names, `message.*` or `*`. */
  @JsonColumn() events: string[];
  @CodeColumn(32) format: string;
  /** Encrypted JSON object: a format's options may hold credentials. Null: none. */
  @LongTextColumn({ nullable: true }) format_options: string | null;
  @CodeColumn(16, { default: 'hmac' }) signing: Signing;
  /** Encrypted: `whsec_…`, or `whsk_…` of an endpoint that is signed for with ed25519. */
  @LongTextColumn() secret: string;
  /** Encrypted JSON list of `OldSecret`: what is signed with beside `secret` until it expires. */
  @LongTextColumn({ nullable: true }) old_secrets: string | null;
  /** `whpk_…`, for ed25519. */
  @TextColumn(64, { nullable: true }) public_key: string | null;
  /** Encrypted JSON object: headers often carry the receiver's credential. */
  @LongTextColumn() headers: string;
  @CountColumn() timeout_ms: number;
  /** Seconds: the delay of the first attempt, then of each further one. */
  @JsonColumn() schedule_seconds: number[];
  @FlagColumn() own_schedule: boolean;
  /** Null: each event by itself. */
  @JsonColumn({ nullable: true }) batch: BatchOptions | null;
  @CodeColumn(32, { default: 'none' }) ordering: Ordering;
  /** Null: as fast as it answers. */
  @JsonColumn({ nullable: true }) rate_limit: EndpointRateLimit | null;
  @JsonColumn() filter: EndpointFilter;
  /** What its creator may see now, so that it receives nothing else. */
  @JsonColumn() visibility: Visibility;
  /** The agent that made it. */
  @IdColumn({ nullable: true }) agent_id: string | null;
  /** The application whose credential made it; with an agent, both confine it. */
  @IdColumn({ nullable: true }) application_id: string | null;
  @FlagColumn() enabled: boolean;
  @CodeColumn(64, { nullable: true }) disabled_reason: string | null;
  /** While it is suspended nothing is sent to it but one probe at that time. */
  @InstantColumn({ nullable: true }) suspended_until: number | null;
  /** The first failure since the last success. */
  @InstantColumn({ nullable: true }) failing_since: number | null;
  /** Attempts that failed since the last success. */
  @CountColumn({ default: 0 }) failure_count: number;
  @InstantColumn({ nullable: true }) last_failure_at: number | null;
  /** How often it was suspended since the last success: each time for longer. */
  @CountColumn({ default: 0 }) suspension_count: number;
  /** When requests were granted of late, under its `rate_limit`. */
  @JsonColumn({ nullable: true }) rate_grants: RateGrant[] | null;
  @TextColumn(500, { nullable: true }) description: string | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}

/**
 * Changes with every change to an organization's endpoints. Planning reads it under a shared lock, registration
 * writes it under an exclusive one, so that an endpoint registered before a change commits is planned for. It is a
 * random value and no counter: a value that was rolled back never comes again with another meaning.
 */
@Entity('callback_versions')
export class CallbackVersionEntity {
  @PrimaryIdColumn() organization_id: string;
  @CodeColumn(26) version: string;
}
