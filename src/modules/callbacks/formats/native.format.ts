import { toUnixSeconds } from '../../../kernel/clock.js';
import type { Answer, BuiltRequest, CallbackFormat, FormatContext, FormatOptions, OptionFault, StoredEvent } from './callback-format.js';
import { STANDARD_SCHEDULE, standardJudgement, unknownOptions } from './standard-receiver.js';

/** The envelope of our own, signed as Standard Webhooks 1.0 says. A batch is a JSON array of envelopes under one signature. */
export class NativeFormat implements CallbackFormat {
  readonly name = 'native';
  readonly defaultSchedule = STANDARD_SCHEDULE;

  faultsOf(options: FormatOptions): OptionFault[] {
    return unknownOptions(this.name, options);
  }

  build(event: StoredEvent, context: FormatContext): BuiltRequest {
    return request(event.id, envelope(event), context);
  }

  buildBatch(batchId: string, events: readonly StoredEvent[], context: FormatContext): BuiltRequest {
    return request(batchId, `[${events.map(envelope).join(',')}]`, context);
  }

  judge(status: number): Answer {
    return standardJudgement(status);
  }
}

function envelope({ id, type, occurredAt, dataJson }: StoredEvent): string {
  return `{"id":"${id}","event":"${type}","timestamp":${toUnixSeconds(occurredAt)},"data":${dataJson}}`;
}

function request(id: string, body: string, context: FormatContext): BuiltRequest {
  return { body, headers: { 'content-type': 'application/json', ...context.sign(id, body) } };
}
