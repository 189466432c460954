import { randomBytes } from 'node:crypto';
import { ValidateBy } from 'class-validator';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;

export function newSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

/** The HMAC key that a secret stands for. */
export function secretKeyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}

/** `whsec_` and the base64 of 24 to 64 bytes, as Standard Webhooks asks. */
export function IsEndpointSecret(): PropertyDecorator {
  return ValidateBy({
    name: 'isEndpointSecret',
    validator: {
      validate: (value) => {
        if (typeof value !== 'string' || !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(value)) return false;
        const { length } = secretKeyOf(value);
        return length >= MIN_BYTES && length <= MAX_BYTES;
      },
      defaultMessage: () => `$property must be whsec_ and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes`,
    },
  });
}
