import { Entity, ForeignKey, Index } from 'typeorm';
import type { Visibility } from '../../../kernel/principal.js';
import {
  CodeColumn, CountColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, PrimaryIdColumn, TextColumn,
} from '../../../platform/database/columns.js';

export interface EndpointFilter {
  departments: string[];
  channels: string[];
}

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
  /** Encrypted `whsec_…`. */
  @LongTextColumn() secret: string;
  /** Encrypted JSON object: headers often carry the receiver's credential. */
  @LongTextColumn() headers: string;
  @CountColumn() timeout_ms: number;
  /** Seconds: the delay of the first attempt, then of each further one. */
  @JsonColumn() schedule_seconds: number[];
  @FlagColumn() own_schedule: boolean;
  @JsonColumn() filter: EndpointFilter;
  /** What its creator may see now, so that it receives nothing else. */
  @JsonColumn() visibility: Visibility;
  /** The agent that made it. */
  @IdColumn({ nullable: true }) agent_id: string | null;
  /** The application whose credential made it; with an agent, both confine it. */
  @IdColumn({ nullable: true }) application_id: string | null;
  @FlagColumn() enabled: boolean;
  @CodeColumn(64, { nullable: true }) disabled_reason: string | null;
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
