import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { IfPresent } from '../../platform/http/validation/rules.js';
import { ASSIGNMENT_KINDS } from './conversation-assignment.entity.js';
import type { AssignmentKind } from './conversation-assignment.entity.js';

export class AssignConversationDto {
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IsString()
  @MaxLength(64)
  agent_id: string;
}

export class TransferConversationDto {
  /**
   * The agent who gets it; or give `department`.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;

  /**
   * The department that gets it: it is routed there, or waits for it.
   * @example 'billing'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string;

  /** @example 'Asks for a refund' */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string | null;
}

export class RateConversationDto {
  /**
   * 1, the worst, to 5.
   * @example 5
   */
  @IsInt()
  @Min(1)
  @Max(5)
  score: number;

  /** @example 'Quick and friendly' */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  comment?: string | null;
}

export class ListAssignmentsDto extends PageQueryDto {
  /** @example 'transferred' */
  @IfPresent()
  @IsIn(ASSIGNMENT_KINDS)
  kind?: AssignmentKind;

  /**
   * Only steps by which this agent got it.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;
}

/** One step of a conversation's way through agents and departments. */
export class AssignmentView {
  /** @example 'asg_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  conversation_id: string;
  /**
   * `assigned` to an agent; `accepted` by its agent, without a message; `transferred` to an agent or a department; `timed_out`, where
   * its agent neither accepted nor answered; `returned` into the queue by somebody, or because its agent went away or was disabled;
   * `reopened`.
   * @example 'transferred'
   */
  kind: 'assigned' | 'accepted' | 'transferred' | 'timed_out' | 'returned' | 'reopened';
  /**
   * Who has it after this step.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  agent_id: string | null;
  /** @example 'billing' */
  department: string | null;
  /**
   * Who had it before.
   * @example null
   */
  previous_agent_id: string | null;
  /** @example 'support' */
  previous_department: string | null;
  /** @example 'Asks for a refund' */
  reason: string | null;
  /**
   * The agent or API key that did it; null for the service itself.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  actor_id: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
}

export class AssignmentPageView {
  data: AssignmentView[];
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
