import { Injectable } from '@nestjs/common';
import type { EventType } from '../../../kernel/domain-event.js';
import { Config } from '../../../platform/config/config.js';
import { CallbackFormats } from '../callbacks.contract.js';
import type { CallbackFormat } from './callback-format.js';
import { CloudEventsFormat } from './cloudevents.format.js';
import { NativeFormat } from './native.format.js';

@Injectable()
export class FormatRegistry extends CallbackFormats {
  private readonly formats = new Map<string, CallbackFormat>();

  constructor(config: Config) {
    super();
    this.register(new NativeFormat());
    this.register(new CloudEventsFormat(config.publicUrl));
  }

  register(format: CallbackFormat): void {
    if (this.formats.has(format.name)) throw new Error(`There are two callback formats of the name ${format.name}.`);
    this.formats.set(format.name, format);
  }

  get names(): string[] {
    return [...this.formats.keys()];
  }

  /** Whether an endpoint of that format can be told of such an event. */
  hasWordsFor(name: string, event: EventType): boolean {
    return this.find(name)?.events?.includes(event) !== false;
  }

  find(name: string): CallbackFormat | null {
    return this.formats.get(name) ?? null;
  }

  get(name: string): CallbackFormat {
    const format = this.find(name);
    if (format === null) throw new Error(`There is no callback format ${name}.`);
    return format;
  }
}
