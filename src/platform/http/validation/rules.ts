import { IsInt, ValidateBy, ValidateIf, buildMessage } from 'class-validator';
import { isInstant } from '../../../kernel/clock.js';
import { isEventPattern } from '../../../kernel/event-pattern.js';

/** The field may be left out, but not be null. For a field that null clears, use class-validator's IsOptional. */
export function IfPresent(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}

const MAX_DEPTH = 16;

function isPlainData(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isStorableText(value);
  // 1e400 is valid JSON and read as infinity, which JSON cannot write.
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'boolean') return true;
  if (depth >= MAX_DEPTH || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every((item) => isPlainData(item, depth + 1));
  return Object.entries(value).every(([key, item]) => isStorableText(key) && isPlainData(item, depth + 1));
}

/** Lengths count code points, as databases do: an emoji is one character. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export function hasAtMost(max: number, text: string): boolean {
  return text.length <= max || (text.length <= 2 * max && codePoints(text) <= max);
}

/** Lone surrogates cannot be written as UTF-8, and a NUL ends a string in too many places. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

export function isBoundedJsonObject(value: unknown, maxBytes: number): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) &&
    isPlainData(value, 0) && Buffer.byteLength(JSON.stringify(value)) <= maxBytes
  );
}

/** A JSON object of bounded size, at most 16 levels deep. */
export function IsJsonObject(maxBytes: number): PropertyDecorator {
  return ValidateBy({
    name: 'isJsonObject',
    constraints: [maxBytes],
    validator: {
      validate: (value) => isBoundedJsonObject(value, maxBytes),
      defaultMessage: buildMessage((each) => `${each}$property must be a JSON object of at most $constraint1 bytes and ${MAX_DEPTH} levels`),
    },
  });
}

/** An absolute http or https URL without credentials in it. */
export function IsHttpUrl(): PropertyDecorator {
  return ValidateBy({
    name: 'isHttpUrl',
    validator: {
      validate: (value) => {
        if (typeof value !== 'string' || /[\s\p{Cc}]/u.test(value) || !URL.canParse(value)) return false;
        const url = new URL(value);
        return (url.protocol === 'http:' || url.protocol === 'https:') && url.port !== '0' && url.username === '' && url.password === '';
      },
      defaultMessage: buildMessage((each) => `${each}$property must be an http or https URL without user and password, to a port other than 0`),
    },
  });
}

/** RFC 3339 with an offset, in a body. */
export function IsInstant(): PropertyDecorator {
  return ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value) => typeof value === 'string' && !value.includes(' ') && readInstant(value) !== undefined,
      defaultMessage: buildMessage((each) => `${each}$property must be an RFC 3339 instant such as 2026-03-01T09:30:00Z`),
    },
  });
}

type Coercion = 'integer' | 'boolean' | 'list' | 'instant';

const coercions = new Map<object, Map<string, Coercion>>();

/** How the text of a query parameter becomes the field's value. */
export function FromText(coercion: Coercion): PropertyDecorator {
  return (prototype, property) => {
    const own = coercions.get(prototype) ?? new Map<string, Coercion>();
    coercions.set(prototype, own.set(String(property), coercion));
  };
}

/** A query parameter that is an instant, in milliseconds since 1970 once it is read; it may be left out. */
export function IsInstantFilter(): PropertyDecorator {
  const rules = [FromText('instant'), IfPresent(), IsInt({ message: '$property must be an RFC 3339 instant such as 2026-03-01T09:30:00Z' })];
  return (prototype, property) => {
    for (const rule of rules.toReversed()) rule(prototype, String(property));
  };
}

/** A query parameter that is the name of an event, or a pattern as callbacks ask for events; it may be left out. */
export function IsEventFilter(): PropertyDecorator {
  const known = ValidateBy({
    name: 'isEventFilter',
    validator: { validate: isEventPattern, defaultMessage: () => '$property must be the name of an event, a pattern such as message.*, or *' },
  });
  return (prototype, property) => {
    for (const rule of [known, IfPresent()]) rule(prototype, String(property));
  };
}

export function coercionOf(target: Function, property: string): Coercion | undefined {
  for (let prototype = target.prototype as object | null; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const found = coercions.get(prototype)?.get(property);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Text that does not fit stays as it is, for the field's own rules to refuse. */
export function coerce(coercion: Coercion, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  switch (coercion) {
    case 'integer':
      return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    case 'list':
      return value.split(',').map((item) => item.trim()).filter((item) => item !== '');
    case 'instant':
      return readInstant(value) ?? value;
  }
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

/** Unix milliseconds of an instant whose year in UTC has four digits. A `+` that was not percent-encoded in a query arrives as a space. */
function readInstant(text: string): number | undefined {
  const instant = text.replace(/ (?=\d{2}:\d{2}$)/, '+');
  const [, year, month, day] = RFC3339.exec(instant) ?? [];
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (day === undefined || Number(day) > daysInMonth) return undefined;
  const parsed = Date.parse(instant);
  return isInstant(parsed) ? parsed : undefined;
}
