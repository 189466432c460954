import { Entity, ForeignKey, Index } from 'typeorm';
import type { AgentRole } from '../../kernel/principal.js';
import {
  CodeColumn, CountColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn,
} from '../../platform/database/columns.js';
import type { AgentStatus } from './agents.contract.js';

@Entity('agents')
@Index('agents_username', ['organization_id', 'username'], { unique: true })
@Index('agents_routing', ['organization_id', 'status', 'active_conversations'])
@Index('agents_created', ['organization_id', 'created_at', 'id'])
export class AgentEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'agents_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(100) username: string;
  /** argon2id in PHC notation; null for an agent that cannot log in by password. */
  @TextColumn(255, { nullable: true }) password_hash: string | null;
  @TextColumn(200) nickname: string;
  @TextColumn(254, { nullable: true }) email: string | null;
  @TextColumn(40, { nullable: true }) mobile: string | null;
  @TextColumn(2000, { nullable: true }) avatar_url: string | null;
  @CodeColumn(16) role: AgentRole;
  @TextColumn(100, { nullable: true }) department: string | null;
  @JsonColumn() skills: string[];
  @CountColumn() max_conversations: number;
  @CodeColumn(16) status: AgentStatus;
  @FlagColumn() enabled: boolean;
  /** Conversations that are open or pending with this agent. */
  @CountColumn({ default: 0 }) active_conversations: number;
  /** When the agent last got or lost a conversation: ties in load go to the longest idle. */
  @InstantColumn() idle_since: number;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
