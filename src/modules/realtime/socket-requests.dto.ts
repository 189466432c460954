import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { IfPresent } from '../../platform/http/validation/rules.js';
import { AGENT_STATUSES } from '../agents/agents.contract.js';
import type { AgentStatus } from '../agents/agents.contract.js';

/** Either a conversation and the last seq that is known of it, or the last known position of the event log. */
export class SyncDto {
  @IfPresent()
  @IsString()
  @MaxLength(64)
  conversation_id?: string;

  @IfPresent()
  @IsInt()
  @Min(0)
  after_seq?: number;

  @IfPresent()
  @IsInt()
  @Min(0)
  after_position?: number;

  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

export class SubscriptionDto {
  @IsString()
  @MaxLength(64)
  conversation_id: string;
}

const WRITERS = ['visitor', 'agent', 'bot'] as const;

export class WriterDto {
  @IsIn(WRITERS)
  type: (typeof WRITERS)[number];

  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  id?: string | null;
}

/** Somebody writes, or no longer does. */
export class TypingDto extends SubscriptionDto {
  @IfPresent()
  @IsBoolean()
  typing?: boolean;

  @IfPresent()
  @ValidateNested()
  @Type(() => WriterDto)
  sender?: WriterDto;
}

export class SetStatusDto {
  @IsIn(AGENT_STATUSES)
  status: AgentStatus;

  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;
}
