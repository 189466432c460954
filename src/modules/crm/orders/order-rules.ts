import { ValidateBy, buildMessage } from 'class-validator';
import { isBoundedJsonObject } from '../../../platform/http/validation/rules.js';
import { readInstant } from '../../../platform/time/local-time.js';
import { readMoney } from './money.js';

const MAX_ITEMS = 500;
const ITEMS_BYTES = 64 * 1024;

/** An exact amount: a decimal string, or a JSON number that a double does not round. */
export function IsMoney(): PropertyDecorator {
  return ValidateBy({
    name: 'isMoney',
    validator: {
      validate: (value) => readMoney(value) !== null,
      defaultMessage: buildMessage(
        (each) => `${each}$property must be an amount such as "9999.00", with at most 20 digits before and 10 after the point; as a JSON number it has at most 15 significant digits`,
      ),
    },
  });
}

/** As `IsMoney`, for the text of a query parameter. */
export function IsMoneyText(): PropertyDecorator {
  return ValidateBy({
    name: 'isMoney',
    validator: {
      validate: (value) => typeof value === 'string' && readMoney(value) !== null,
      defaultMessage: buildMessage((each) => `${each}$property must be an amount such as 9999.00`),
    },
  });
}

/** An instant, or the time on a clock in the organization. */
export function IsOwnTime(): PropertyDecorator {
  return ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value) => typeof value === 'string' && readInstant(value, 'UTC') !== null,
      defaultMessage: buildMessage((each) => `${each}$property must be an RFC 3339 instant, yyyy-MM-dd HH:mm:ss or yyyy-MM-dd`),
    },
  });
}

/** JSON objects of the caller's own making. */
export function IsItems(): PropertyDecorator {
  return ValidateBy({
    name: 'isItems',
    validator: {
      validate: (value) => Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isObject) && isBoundedJsonObject({ items: value }, ITEMS_BYTES),
      defaultMessage: buildMessage((each) => `${each}$property must be a list of at most ${MAX_ITEMS} JSON objects and ${ITEMS_BYTES} bytes, whose numbers have at most 15 significant digits`),
    },
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
