import type { Body } from './rest-routes.js';

/** A valid body made invalid in one place, and the field that the answer has to name. */
export interface Spoilt {
  what: string;
  field: string;
  body: unknown;
}

/** Objects and lists whose inside is the caller's own. */
const FREE = new Set(['metadata', 'headers', 'items', 'metrics']);
/** Lists whose items are answered one by one. */
const BATCHES = new Set(['messages', 'customers', 'orders', 'conversations']);
/** Where numbers are taken as well as texts. */
const MONEY = new Set(['amount']);
const OF_EACH_TYPE: [string, unknown][] = [['string', '\u{1F600}'], ['number', 12.5], ['boolean', true], ['array', [[]]], ['object', { unexpected: 1 }]];
/** A character that some count as none. */
const PRESENTATION = 'a\uFE0F';
const MANY = 3000;

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Every place of the body, those inside of objects and lists too. */
function* places(value: unknown, path: (string | number)[] = []): Generator<{ path: (string | number)[]; value: unknown }> {
  if (path.length > 0) yield { path, value };
  if (typeof value !== 'object' || value === null || FREE.has(String(path.at(-1))) || BATCHES.has(String(path.at(-1)))) return;
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value);
  for (const [key, item] of entries) yield* places(item, [...path, key]);
}

function replaced(body: unknown, [key, ...rest]: (string | number)[], value: unknown): any {
  const copy: any = Array.isArray(body) ? [...body] : { ...(body as Body) };
  copy[key!] = rest.length === 0 ? value : replaced(copy[key!], rest, value);
  return copy;
}

export function* spoil(body: Body): Generator<Spoilt> {
  yield { what: 'unknown field', field: 'no_such_field', body: { ...body, no_such_field: 1 } };
  yield { what: 'inherited name', field: 'constructor', body: { ...body, constructor: 1 } };
  yield { what: 'inherited name', field: 'toString', body: { ...body, toString: 'x' } };
  for (const { path, value } of places(body)) {
    const spoilt = (what: string, other: unknown): Spoilt => ({ what: `${path.join('.')}: ${what}`, field: String(path[0]), body: replaced(body, path, other) });
    for (const [type, other] of OF_EACH_TYPE) if (type !== typeOf(value) && !(type === 'number' && MONEY.has(String(path.at(-1))))) yield spoilt(`${type} for ${typeOf(value)}`, other);
    if (typeof path.at(-1) === 'number') yield spoilt('null in a list', null);
    if (typeof value === 'string') {
      yield spoilt('over-long', 'x'.repeat(100_000));
      yield spoilt('over-long in characters that some count as none', PRESENTATION.repeat(MANY) + 'x'.repeat(20_000));
      yield spoilt('lone surrogate', `${value}\ud800`);
      yield spoilt('NUL', `${value}\0`);
    }
    if (typeof value === 'number') for (const other of [-1, 1.5, 2 ** 53, 1e300]) yield spoilt(String(other), other);
    if (Array.isArray(value)) yield spoilt('too many', Array.from({ length: MANY }, () => value[0]));
    if (typeOf(value) === 'object' && !FREE.has(String(path.at(-1)))) yield spoilt('unknown field inside', { ...(value as object), no_such_field: 1 });
    if (path.at(-1) === 'metadata') {
      yield spoilt('too large', { text: 'x'.repeat(70_000) });
      yield spoilt('lone surrogate in a name', { '\udc00': 1 });
      yield spoilt('NUL inside', { list: [{ text: '\0' }] });
      yield spoilt('too deep', JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`));
    }
  }
}

/** Bodies that are refused by every route that takes one. */
export const BROKEN_BODIES: { what: string; status: number; code: string; body: string | Buffer; headers?: Record<string, string> }[] = [
  { what: 'no JSON', status: 400, code: 'request.malformed', body: '{"a":' },
  { what: 'two documents', status: 400, code: 'request.malformed', body: '{}{}' },
  { what: 'a trailing comma', status: 400, code: 'request.malformed', body: '{"a":1,}' },
  { what: 'a byte order mark in UTF-16', status: 400, code: 'request.not_utf8', body: Buffer.from('\ufeff{}', 'utf16le') },
  { what: 'bad UTF-8', status: 400, code: 'request.not_utf8', body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) },
  { what: 'a surrogate in UTF-8', status: 400, code: 'request.not_utf8', body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) },
  { what: '__proto__', status: 400, code: 'request.malformed', body: '{"__proto__":{"role":"admin"}}' },
  { what: '__proto__ inside', status: 400, code: 'request.malformed', body: '{"metadata":{"__proto__":{"role":"admin"}}}' },
  { what: '__proto__ with an escape', status: 400, code: 'request.malformed', body: '{"__\\u0070roto__":{"role":"admin"}}' },
  { what: 'constructor.prototype', status: 400, code: 'request.malformed', body: '{"metadata":{"constructor":{"prototype":{"role":"admin"}}}}' },
  { what: '9 MiB', status: 413, code: 'request.too_large', body: `"${'x'.repeat(9 * 1024 * 1024)}"` },
  { what: 'plain text', status: 415, code: 'request.unsupported_media_type', body: '{}', headers: { 'content-type': 'text/plain' } },
  { what: 'a form', status: 415, code: 'request.unsupported_media_type', body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { what: 'a nameless type', status: 415, code: 'request.unsupported_media_type', body: '{}', headers: { 'content-type': ';' } },
  { what: 'another charset', status: 415, code: 'request.unsupported_media_type', body: '{}', headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
  { what: 'a coding', status: 415, code: 'request.unsupported_media_type', body: '{}', headers: { 'content-encoding': 'gzip' } },
];

const DEEP = 100_000;

/** JSON that no route takes for its body. */
export const WRONG_BODIES: { what: string; body: string }[] = [
  { what: 'null', body: 'null' },
  { what: 'a list', body: '[]' },
  { what: 'a list of objects', body: '[{}]' },
  { what: 'a string', body: '"text"' },
  { what: 'a number', body: '1e400' },
  { what: 'true', body: 'true' },
  { what: `${DEEP} lists deep`, body: '['.repeat(DEEP) + ']'.repeat(DEEP) },
  { what: `${DEEP} objects deep`, body: `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}` },
  { what: '50,000 unknown fields', body: JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`field${index}`, 1]))) },
  { what: 'a name of 500 KiB', body: JSON.stringify({ ['n'.repeat(500 * 1024)]: 1 }) },
];
