import { AddRouteConfig } from './route-config.js';

const MAX_SIGNIFICANT_DIGITS = 15;
/** A number of more digits has at least so many characters in a row. */
const MAY_BE_LONG = /\d[\d.]{15}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** JSON.parse reads it as infinity, as it does any number that is too large: no rule takes that for a value. */
const UNREADABLE = '1e999';

/**
 * A double holds 15 significant digits and rounds what has more, and JSON.parse does not say that it did. On this route
 * such a number is read as infinity, so that the field's rules refuse it.
 */
export function ExactNumbers(): MethodDecorator {
  return AddRouteConfig({ exactNumbers: true });
}

export function wantsExactNumbers(config: unknown): boolean {
  return (config as { exactNumbers?: boolean } | undefined)?.exactNumbers === true;
}

/** The JSON text with every number that a double would round made one that nothing takes; strings stay as they are. */
export function withoutRoundedNumbers(json: string): string {
  if (!MAY_BE_LONG.test(json)) return json;
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at]!;
    if (character === '"') at = endOfString(json, at);
    else if (character === '-' || isDigit(character)) {
      NUMBER.lastIndex = at;
      const [number] = NUMBER.exec(json) ?? [character];
      if (significantDigits(number) > MAX_SIGNIFICANT_DIGITS) {
        parts.push(json.slice(copied, at), UNREADABLE);
        copied = at + number.length;
      }
      at += number.length - 1;
    }
  }
  return parts.length === 0 ? json : parts.join('') + json.slice(copied);
}

/** From the first digit that is not zero to the last: zeros at the ends say how large a number is, and round nothing. */
function significantDigits(number: string): number {
  const [mantissa = ''] = number.split(/e/i, 1);
  return mantissa.replaceAll(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
}

/** Where the closing quote is; the end of the text when there is none. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at;
  }
  return json.length;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
