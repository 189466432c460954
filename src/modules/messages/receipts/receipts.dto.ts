import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { IfPresent } from '../../../platform/http/validation/rules.js';

const MAX_SEQ = 2 ** 31 - 1;
const READERS = ['agent', 'visitor'] as const;

export class ReaderDto {
  /** @example 'visitor' */
  @IsIn(READERS)
  type: (typeof READERS)[number];

  /**
   * Id of the agent; the visitor's may be left out.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  id?: string | null;
}

export class ReceiptDto {
  /**
   * The newest message that was received; all that there is when absent, or when there are not so many.
   * @example 1
   */
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(MAX_SEQ)
  up_to_seq?: number;

  /** Who received them. Agents and visitors speak for themselves; for an application it is the agent of the conversation when absent. */
  @IfPresent()
  @ValidateNested()
  @Type(() => ReaderDto)
  reader?: ReaderDto;
}

/** As it comes over a socket. */
export class SocketReceiptDto extends ReceiptDto {
  @IsString()
  @MaxLength(64)
  conversation_id: string;
}

export class ReaderView {
  /** @example 'agent' */
  type: 'agent' | 'visitor';
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string | null;
}

/** How far a side of a conversation has got. */
export class ReceiptView {
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  conversation_id: string;
  reader: ReaderView;
  /**
   * Everything up to this seq has been received; never less than what was told before.
   * @example 1
   */
  up_to_seq: number;
  /**
   * Messages of the visitor that no agent has read.
   * @example 0
   */
  unread_count: number;
}
