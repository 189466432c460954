import { describe, expect, it } from 'vitest';
import { DomainError } from '../../../kernel/domain-error.js';
import { TICKET_STATUSES, assertMove } from './ticket-status.js';

const ALLOWED = new Set([
  'open>processing', 'open>pending', 'open>resolved', 'open>closed', 'processing>pending', 'processing>resolved', 'processing>closed', 'processing>open',
  'pending>processing', 'pending>resolved', 'pending>closed', 'pending>open', 'resolved>closed', 'resolved>processing', 'closed>processing',
]);

const PAIRS = TICKET_STATUSES.flatMap((from) => TICKET_STATUSES.map((to) => [from, to] as const));
const isAllowed = ([from, to]: readonly [string, string]): boolean => from === to || ALLOWED.has(`${from}>${to}`);

describe('ticket status', () => {
  it.each(PAIRS.filter(isAllowed))('moves from %s to %s', (from, to) => {
    expect(() => assertMove(from, to)).not.toThrow();
  });

  it.each(PAIRS.filter((pair) => !isAllowed(pair)))('does not move from %s to %s', (from, to) => {
    const allowed = TICKET_STATUSES.filter((status) => ALLOWED.has(`${from}>${status}`));
    const refusal = (() => {
      try {
        assertMove(from, to);
      } catch (error) {
        return error as DomainError;
      }
    })();
    expect(refusal).toMatchObject({ kind: 'conflict', code: 'ticket.invalid_transition' });
    expect((refusal!.details.extra!['allowed'] as string[]).toSorted()).toEqual(allowed.toSorted());
  });
});
