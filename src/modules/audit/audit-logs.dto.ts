import { IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { IfPresent, IsInstantFilter } from '../../platform/http/validation/rules.js';

export class ListAuditLogsDto extends PageQueryDto {
  /**
   * Only what this agent, key or client did.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  actor_id?: string;

  /** @example 'agent.updated' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  action?: string;

  /** @example 'agent' */
  @IfPresent()
  @IsString()
  @MaxLength(32)
  target_type?: string;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w1' */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  target_id?: string;

  /**
   * Only what was done at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  since?: number;

  /**
   * Only what was done before this instant, in RFC 3339.
   * @example '2026-03-02T09:30:00Z'
   */
  @IsInstantFilter()
  until?: number;
}

/** One thing that somebody did. */
export class AuditLogView {
  /** @example 'aud_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /**
   * Kind of the credential; `system` for the service itself, `anonymous` for somebody who did not get in.
   * @example 'agent'
   */
  actor_kind: 'api_key' | 'agent' | 'oauth_client' | 'signing_key' | 'system' | 'anonymous';
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  actor_id: string | null;
  /**
   * The application that the credential belongs to.
   * @example null
   */
  application_id: string | null;
  /** @example 'agent.updated' */
  action: string;
  /** @example 'agent' */
  target_type: string;
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w1' */
  target_id: string | null;
  /**
   * Old and new value of each field that changed; `changed` in place of a secret's.
   * @example { "department": { "old": "support", "new": "sales" }, "password": "changed" }
   */
  changes: Record<string, unknown>;
  /**
   * What else belongs to it, such as the user name of a failed log-in.
   * @example {}
   */
  details: Record<string, unknown>;
  /**
   * Where the request came from; null for what the service did by itself.
   * @example '203.0.113.7'
   */
  address: string | null;
  /** @example 'Mozilla/5.0' */
  user_agent: string | null;
  /** @example 'req_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  request_id: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
}

export class AuditLogPageView {
  data: AuditLogView[];
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
