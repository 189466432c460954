import { Injectable } from '@nestjs/common';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import type { Outcome } from '../../platform/database/shared-unit.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { AppendMessages } from './append-messages.js';
import type { MessageBatchItemView, MessageBatchView } from './message-batch.dto.js';
import type { NewMessage, SentMessage } from './messages.contract.js';
import { SendMessageDto } from './messages.dto.js';

/** Sends many messages in the order of their list, all that are valid in one transaction. */
@Injectable()
export class SendBatch {
  constructor(private readonly appending: AppendMessages) {}

  async send(principal: Principal, items: readonly unknown[]): Promise<MessageBatchView> {
    const read = items.map(readItem);
    const valid = read.flatMap((item) => ('value' in item ? [item.value] : []));
    const outcomes = await this.appending.sendAll(principal, valid);
    let next = 0;
    const data = read.map((item, index) => toItemView(index, 'value' in item ? outcomes[next++]! : item));
    const count = (wanted: MessageBatchItemView['status']): number => data.filter(({ status }) => status === wanted).length;
    return { data, created: count('created'), known: count('known'), invalid: count('invalid') };
  }
}

function readItem(item: unknown): Outcome<NewMessage> {
  try {
    return { value: validate(SendMessageDto, item) };
  } catch (error) {
    return { error };
  }
}

function toItemView(index: number, outcome: Outcome<SentMessage>): MessageBatchItemView {
  if ('value' in outcome) {
    const { message, created } = outcome.value;
    return { index, status: created ? 'created' : 'known', message };
  }
  const { error } = outcome;
  if (!(error instanceof DomainError)) throw error;
  const { errors } = error.details;
  return { index, status: 'invalid', error: { code: error.code, message: error.message, ...(errors && { errors }) } };
}
