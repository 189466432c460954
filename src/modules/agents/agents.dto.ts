import {
  ArrayMaxSize, IsArray, IsBoolean, IsEmail, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength,
} from 'class-validator';
import type { AgentRole } from '../../kernel/principal.js';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsHttpUrl } from '../../platform/http/validation/rules.js';
import { AGENT_STATUSES } from './agents.contract.js';
import type { AgentStatus } from './agents.contract.js';

const ROLES = ['agent', 'supervisor', 'admin'] as const;

/** What may be changed of an agent. */
export class UpdateAgentDto {
  /**
   * Unique within the organization.
   * @example 'li.wei'
   */
  @IfPresent()
  @IsString()
  @Matches(/^\S(.{0,98}\S)?$/u, { message: '$property must have 1 to 100 characters and no space at its ends' })
  username?: string;

  /**
   * Write-only.
   * @example 'correct horse battery staple'
   */
  @IfPresent()
  @IsString()
  @MinLength(8)
  @MaxLength(200)
  password?: string;

  /** @example 'Li Wei' */
  @IfPresent()
  @IsString()
  @MaxLength(200)
  nickname?: string;

  /** @example 'li.wei@example.com' */
  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  email?: string | null;

  /** @example '13800138000' */
  @IsOptional()
  @IsString()
  @MaxLength(40)
  mobile?: string | null;

  /** @example 'https://example.com/li-wei.png' */
  @IsOptional()
  @IsHttpUrl()
  @MaxLength(2000)
  avatar_url?: string | null;

  /** @example 'agent' */
  @IfPresent()
  @IsIn(ROLES)
  role?: AgentRole;

  /** @example 'support' */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string | null;

  /** @example ['billing'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  skills?: string[];

  /**
   * How many conversations the agent is given at a time.
   * @example 10
   */
  @IfPresent()
  @IsInt()
  @Min(0)
  @Max(1000)
  max_conversations?: number;

  /** @example 'online' */
  @IfPresent()
  @IsIn(AGENT_STATUSES)
  status?: AgentStatus;

  /** @example true */
  @IfPresent()
  @IsBoolean()
  enabled?: boolean;
}

export class CreateAgentDto extends UpdateAgentDto {
  /**
   * Unique within the organization.
   * @example 'li.wei'
   */
  @IsString()
  @Matches(/^\S(.{0,98}\S)?$/u, { message: '$property must have 1 to 100 characters and no space at its ends' })
  declare username: string;
}

export class SetAgentStatusDto {
  /** @example 'online' */
  @IsIn(AGENT_STATUSES)
  status: AgentStatus;
}

export class ListAgentsDto extends PageQueryDto {
  /** @example 'online' */
  @IfPresent()
  @IsIn(AGENT_STATUSES)
  status?: AgentStatus;

  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  department?: string;

  /** @example 'agent' */
  @IfPresent()
  @IsIn(ROLES)
  role?: AgentRole;

  /** @example 'li.wei' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  username?: string;

  /** @example true */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  enabled?: boolean;
}

/** An agent. */
export class AgentView {
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'li.wei' */
  username: string;
  /** @example 'Li Wei' */
  nickname: string;
  /** @example 'li.wei@example.com' */
  email: string | null;
  /** @example '13800138000' */
  mobile: string | null;
  /** @example 'https://example.com/li-wei.png' */
  avatar_url: string | null;
  /** @example 'agent' */
  role: 'agent' | 'supervisor' | 'admin';
  /** @example 'support' */
  department: string | null;
  /** @example ['billing'] */
  skills: string[];
  /** @example 10 */
  max_conversations: number;
  /** @example 'online' */
  status: 'online' | 'busy' | 'away' | 'offline';
  /** @example true */
  enabled: boolean;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class AgentPageView {
  data: AgentView[];
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

export const AGENT_WRITABLE: readonly (keyof AgentView)[] = [
  'username', 'nickname', 'email', 'mobile', 'avatar_url', 'role', 'department', 'skills', 'max_conversations', 'status', 'enabled',
];
