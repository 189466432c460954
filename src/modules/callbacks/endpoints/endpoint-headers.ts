import { ValidateBy } from 'class-validator';

const MAX_HEADERS = 20;
/** Ours, or those that would break the request. */
const RESERVED = /^(content-type|content-length|content-encoding|transfer-encoding|connection|host|expect|upgrade|te|trailer|keep-alive|proxy-.*|webhook-.*)$/i;

/** A few further headers for each request; they may not replace ours. */
export function IsEndpointHeaders(): PropertyDecorator {
  return ValidateBy({
    name: 'isEndpointHeaders',
    validator: {
      validate: (value) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) &&
        Object.keys(value).length <= MAX_HEADERS &&
        new Set(Object.keys(value).map((name) => name.toLowerCase())).size === Object.keys(value).length &&
        Object.entries(value).every(
          ([name, text]) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) && !RESERVED.test(name) && typeof text === 'string' && /^[\x20-\x7e]{0,1000}$/.test(text),
        ),
      defaultMessage: () => `$property must be an object of at most ${MAX_HEADERS} header names and values, none of them twice; Content-Type, Content-Encoding, webhook-* and connection headers are ours`,
    },
  });
}

/** In lower case, so that one of them replaces the header of the same name that would be sent otherwise. */
export function normalHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
