import { toInstant } from '../../../kernel/clock.js';
import type { Answer, BuiltRequest, CallbackFormat, FormatContext, FormatOptions, OptionFault, StoredEvent } from './callback-format.js';
import { STANDARD_SCHEDULE, standardJudgement, unknownOptions } from './standard-receiver.js';

const TYPE_PREFIX = 'type_prefix';
/** A reverse DNS name and its dot, as CloudEvents recommends before the type. */
const REVERSE_DNS = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,10}$/;
const MAX_PREFIX = 100;

/**
 * CloudEvents 1.0 in structured mode, signed as Standard Webhooks says. `type` is the event's own name, behind a prefix
 * where the endpoint asks for one; `source` names the organization, so that `source` and `id` together are unique.
 */
export class CloudEventsFormat implements CallbackFormat {
  readonly name = 'cloudevents';
  readonly defaultSchedule = STANDARD_SCHEDULE;

  constructor(private readonly publicUrl: string) {}

  faultsOf(options: FormatOptions): OptionFault[] {
    const faults = unknownOptions(this.name, options, [TYPE_PREFIX]);
    const prefix = options[TYPE_PREFIX];
    if (prefix === undefined || (typeof prefix === 'string' && prefix.length <= MAX_PREFIX && REVERSE_DNS.test(prefix))) return faults;
    return [...faults, { field: TYPE_PREFIX, message: `${TYPE_PREFIX} must be a reverse DNS name with a dot at its end, such as com.example.` }];
  }

  build(event: StoredEvent, context: FormatContext): BuiltRequest {
    return request('application/cloudevents+json', event.id, this.cloudEvent(event, context), context);
  }

  buildBatch(batchId: string, events: readonly StoredEvent[], context: FormatContext): BuiltRequest {
    const body = `[${events.map((event) => this.cloudEvent(event, context)).join(',')}]`;
    return request('application/cloudevents-batch+json', batchId, body, context);
  }

  judge(status: number): Answer {
    return standardJudgement(status);
  }

  private cloudEvent({ id, type, occurredAt, dataJson }: StoredEvent, { organizationId, options }: FormatContext): string {
    const attributes = {
      specversion: '1.0',
      id,
      source: `${this.publicUrl}/organizations/${organizationId}`,
      type: `${(options[TYPE_PREFIX] as string | undefined) ?? ''}${type}`,
      subject: subjectOf(type, dataJson),
      time: toInstant(occurredAt),
      datacontenttype: 'application/json',
    };
    return `${JSON.stringify(attributes).slice(0, -1)},"data":${dataJson}}`;
  }
}

/** The id of what the event is about: `message.received` is about a message. Absent where the data does not name it. */
function subjectOf(type: string, dataJson: string): string | undefined {
  const data = JSON.parse(dataJson) as Record<string, unknown>;
  const id = data[`${type.split('.')[0]!}_id`];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function request(contentType: string, id: string, body: string, context: FormatContext): BuiltRequest {
  return { body, headers: { 'content-type': contentType, ...context.sign(id, body) } };
}
