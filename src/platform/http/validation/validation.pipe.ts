import { Injectable } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { DomainError } from '../../../kernel/domain-error.js';
import type { FieldError } from '../../../kernel/domain-error.js';
import { CompiledSchema } from './compiled-schema.js';

const PRIMITIVES = new Set<unknown>([String, Number, Boolean, Array, Object, undefined]);
const MAX_ERRORS = 100;

/** Checks bodies and queries against their DTO class; 422 with one entry per field. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || PRIMITIVES.has(metatype)) return value;
    // An absent body is an empty one; `null` is a body, and no object.
    return validate(metatype as new () => object, value === undefined ? {} : value);
  }
}

export function validate<T extends object>(target: new (...args: never[]) => T, value: unknown): T {
  const errors: FieldError[] = [];
  const result = CompiledSchema.of(target).read(value, '', errors);
  if (errors.length > 0) {
    throw new DomainError('invalid', 'request.invalid', 'The request has invalid fields.', { errors: errors.slice(0, MAX_ERRORS) });
  }
  return result as T;
}
