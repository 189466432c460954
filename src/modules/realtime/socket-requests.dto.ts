import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { IfPresent } from '../../platform/http/validation/rules.js';

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
