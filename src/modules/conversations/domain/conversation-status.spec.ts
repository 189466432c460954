import { describe, expect, it } from 'vitest';
import { DomainError } from '../../../kernel/domain-error.js';
import { CONVERSATION_STATUSES, assertMove } from './conversation-status.js';

const ALLOWED = new Set([
  'queued>open', 'queued>closed', 'open>pending', 'open>queued', 'open>closed',
  'pending>open', 'pending>queued', 'pending>closed', 'closed>open', 'closed>queued',
]);

const PAIRS = CONVERSATION_STATUSES.flatMap((from) => CONVERSATION_STATUSES.map((to) => [from, to] as const));
const isAllowed = ([from, to]: readonly [string, string]): boolean => ALLOWED.has(`${from}>${to}`);

describe('conversation status', () => {
  it.each(PAIRS.filter(isAllowed))('moves from %s to %s', (from, to) => {
    expect(() => assertMove(from, to)).not.toThrow();
  });

  it.each(PAIRS.filter((pair) => !isAllowed(pair)))('does not move from %s to %s', (from, to) => {
    expect(() => assertMove(from, to)).toThrow(DomainError);
  });
});
