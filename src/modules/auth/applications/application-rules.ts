import { ValidateBy, buildMessage } from 'class-validator';
import type { ValidationOptions } from 'class-validator';
import { ALL_SCOPES } from '../../../kernel/principal.js';
import { isAddress, isCidr } from '../../../platform/config/cidr.js';

const SCOPES = new Set([...ALL_SCOPES, '*']);
export const MAX_SCOPES = SCOPES.size;
/** A socket stands in one room for each combination. */
const MAX_COMBINATIONS = 500;

export function IsScope(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isScope',
      validator: {
        validate: (value) => SCOPES.has(value as string),
        defaultMessage: buildMessage((each) => `${each}$property must be one of ${[...SCOPES].join(', ')}`, options),
      },
    },
    options,
  );
}

export function IsAddressRange(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isAddressRange',
      validator: {
        validate: (value) => typeof value === 'string' && (isAddress(value) || isCidr(value)),
        defaultMessage: buildMessage((each) => `${each}$property must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32, in the usual form`, options),
      },
    },
    options,
  );
}

/** The lists themselves are checked by their own rules. */
export function IsBoundedDataScope(): PropertyDecorator {
  return ValidateBy({
    name: 'isBoundedDataScope',
    validator: {
      validate: (value) => typeof value !== 'object' || combinations(value as Record<string, unknown>) <= MAX_COMBINATIONS,
      defaultMessage: () => `$property must not have more than ${MAX_COMBINATIONS} combinations of departments, channels and agents`,
    },
  });
}

function combinations(scope: Record<string, unknown>): number {
  const lists = [scope['departments'], scope['channels'], scope['agent_ids']].filter((list) => Array.isArray(list));
  return lists.reduce((product, list) => product * Math.max(1, list.length), 1);
}
