import type { Condition } from './visible-to.js';

/** That an event has this name or, as endpoints ask for events, is of this kind: `message.*`, `*`. Null for every event. */
export function eventNamed(column: string, pattern: string): Condition | null {
  if (pattern === '*') return null;
  if (!pattern.endsWith('.*')) return { sql: `${column} = :eventName`, parameters: { eventName: pattern } };
  const beginning = pattern.slice(0, -1);
  return { sql: `SUBSTR(${column}, 1, ${beginning.length}) = :eventName`, parameters: { eventName: beginning } };
}
