import { ValidateBy, buildMessage } from 'class-validator';
import { readInstant } from '../../../platform/time/local-time.js';

export function isDate(value: unknown): value is string {
  return typeof value === 'string' && value.length === 10 && readInstant(value, 'UTC') !== null;
}

/** A day, `2026-03-01`. */
export function IsDate(): PropertyDecorator {
  return ValidateBy({
    name: 'isDate',
    validator: {
      validate: isDate,
      defaultMessage: buildMessage((each) => `${each}$property must be a day such as 2026-03-01`),
    },
  });
}
