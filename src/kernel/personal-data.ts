import { ID_PATTERN } from './ids.js';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
/** Words of the desk's own: what is counted by them stays countable. */
const WORDS = new Set([
  'status', 'previous_status', 'channel', 'department', 'previous_department', 'category', 'priority', 'type', 'closed_by', 'closed_reason', 'changed', 'skills', 'event',
]);
/** Holds whatever somebody has put in. */
const FREE_FORM = new Set(['metadata', 'content', 'my_data', 'push_info', 'items']);

/**
 * A view or the data of an event without what somebody may have said of a person: numbers, instants, ids of this service
 * and words of the desk stay, so that it still counts as what it was; all other text is null.
 */
export function withoutPersonalData(value: unknown, member = ''): unknown {
  if (FREE_FORM.has(member)) return typeof value === 'object' && value !== null ? emptied(value) : null;
  if (typeof value === 'string') return WORDS.has(member) || ID_PATTERN.test(value) || INSTANT.test(value) ? value : null;
  if (Array.isArray(value)) return value.map((item) => withoutPersonalData(item, member)).filter((item) => item !== null);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutPersonalData(item, name)]));
}

function emptied(value: object): unknown {
  return Array.isArray(value) ? [] : {};
}
