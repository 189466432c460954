import { Entity, Index } from 'typeorm';
import { CodeColumn, CountColumn, FlagColumn, IdColumn, InstantColumn, PrimaryIdColumn, SerialColumn, TextColumn } from '../../../platform/database/columns.js';

/** Which agent has a conversation, as the event log tells it. */
@Entity('statistics_serving')
@Index('statistics_serving_agent', ['organization_id', 'agent_id'])
export class ServingEntity {
  @PrimaryIdColumn() conversation_id: string;
  @IdColumn() organization_id: string;
  /** Null while nobody has it. */
  @IdColumn({ nullable: true }) agent_id: string | null;
  @InstantColumn() first_assigned_at: number;
  /** When that agent got it; from then on it counts as handling. Null where nobody has it. */
  @InstantColumn({ nullable: true }) since: number | null;
  /** Whether it is among the `active` ones of its agent. */
  @FlagColumn({ default: 1 }) occupies: boolean;
}

/** How an agent is, and since when. */
@Entity('statistics_agents')
@Index('statistics_agents_organization', ['organization_id', 'agent_id'])
export class AgentStateEntity {
  @PrimaryIdColumn() agent_id: string;
  @IdColumn() organization_id: string;
  @TextColumn(100, { nullable: true }) department: string | null;
  /** Null until the log tells it. */
  @CodeColumn(16, { nullable: true }) status: string | null;
  /** Conversations that it has and that occupy it. */
  @CountColumn() active: number;
  @InstantColumn() since: number;
}

/** How an agent was, from one moment to another; kept when the events are gone, so that its time can be counted again. */
@Entity('statistics_agent_periods')
@Index('statistics_agent_periods_agent', ['agent_id', 'started_at'])
export class AgentPeriodEntity {
  @SerialColumn() number: number;
  @IdColumn() organization_id: string;
  @IdColumn() agent_id: string;
  @TextColumn(100, { nullable: true }) department: string | null;
  @CodeColumn(16, { nullable: true }) status: string | null;
  @CountColumn() active: number;
  /** Whether the conversations count as handled in it: those of an agent's own times have periods of their own. */
  @FlagColumn({ default: 1 }) handling: boolean;
  @InstantColumn() started_at: number;
  @InstantColumn() ended_at: number;
}
