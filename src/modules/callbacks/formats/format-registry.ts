import { Injectable } from '@nestjs/common';
import type { CallbackFormat } from './callback-format.js';
import { NativeFormat } from './native.format.js';

/** The formats that endpoints can ask for, by name. */
export const FORMAT_NAMES = ['native'] as const;

@Injectable()
export class CallbackFormats {
  private readonly formats = new Map<string, CallbackFormat>([new NativeFormat()].map((format) => [format.name, format]));

  get(name: string): CallbackFormat {
    const format = this.formats.get(name);
    if (format === undefined) throw new Error(`There is no callback format ${name}.`);
    return format;
  }
}
