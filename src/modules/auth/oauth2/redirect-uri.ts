import { ValidateBy, buildMessage } from 'class-validator';
import type { ValidationOptions } from 'class-validator';
import { isStorableText } from '../../../platform/http/validation/rules.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** https, or http on the machine of the browser; compared as it is written, so no pattern and no fragment (RFC 9700 §2.1). */
export function isRedirectUri(value: unknown): boolean {
  if (typeof value !== 'string' || /[\s\p{Cc}*]/u.test(value) || !isStorableText(value) || !URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '' || value.includes('#')) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

export function IsRedirectUri(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isRedirectUri',
      validator: {
        validate: isRedirectUri,
        defaultMessage: buildMessage((each) => `${each}$property must be an https URL, or an http one on localhost, without user, fragment and *`, options),
      },
    },
    options,
  );
}
