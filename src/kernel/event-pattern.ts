import { EVENT_TYPES } from './domain-event.js';

const AREAS = new Set(EVENT_TYPES.map((type) => type.split('.')[0]!));

/** A name of the catalogue, all of one area (`message.*`), or `*`. */
export function isEventPattern(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (value === '*' || (EVENT_TYPES as readonly string[]).includes(value)) return true;
  return value.endsWith('.*') && AREAS.has(value.slice(0, -2));
}

export function matchesPattern(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))));
}
