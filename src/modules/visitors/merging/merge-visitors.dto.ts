import { IsString, MaxLength } from 'class-validator';

export class MergeVisitorsDto {
  /**
   * The visitor that is merged into the one of the path, and is no visitor of its own any more.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w1'
   */
  @IsString()
  @MaxLength(64)
  visitor_id: string;
}
