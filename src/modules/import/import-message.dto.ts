import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsString, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { MessageFieldsDto } from '../messages/messages.contract.dto.js';
import { SENDER_TYPES } from '../messages/messages.contract.js';
import type { SenderType } from '../messages/messages.contract.js';

export class ImportSenderDto {
  /** @example 'agent' */
  @IsIn(SENDER_TYPES)
  type: SenderType;

  /**
   * Id or username of the agent; left out for the visitor; up to 64 characters of your own for bots and the system.
   * @example 'li'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  id?: string | null;
}

export class ImportMessageDto extends MessageFieldsDto {
  @ValidateNested()
  @Type(() => ImportSenderDto)
  sender: ImportSenderDto;

  /** @example '2025-11-03T09:32:00Z' */
  @IsString()
  @MaxLength(40)
  created_at: string;
}
