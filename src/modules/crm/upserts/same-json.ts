import { isDeepStrictEqual } from 'node:util';

/** Whether two values are the same JSON, in whatever order the members of their objects stand. */
export function isSameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(plain(a), plain(b));
}

/** As it is once it was stored: -0 is 0 then. */
function plain(value: unknown): unknown {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as unknown);
}
