import type { CallbackFormat } from './formats/callback-format.js';

export type {
  Answer, BatchOptions, BuiltRequest, CallbackFormat, FormatContext, FormatOptions, OptionFault, StoredEvent, UrlVisit,
} from './formats/callback-format.js';

/** What others ask of callbacks. */
export abstract class Callbacks {
  /** Makes an organization ready for endpoints; once, when it is created. */
  abstract prepare(organizationId: string): Promise<void>;
  /** Disables all endpoints of an organization that is being closed, in the open unit. What was to be delivered is sent no more. */
  abstract close(organizationId: string): Promise<void>;
}

/** The formats that endpoints can ask for. Modules add theirs as they are constructed, in the process of every role. */
export abstract class CallbackFormats {
  /** A name that is taken stops the start. */
  abstract register(format: CallbackFormat): void;
}
