import { describe, expect, it } from 'vitest';
import { DomainError } from '../../../kernel/domain-error.js';
import { CONVERSATION_STATUSES, assertMove } from './conversation-status.js';

const ALLOWED = new Set([
  'queued>open', 'queued>closed', 'open>pending', 'open>queued', 'open>closed',
  'pending>open', 'pending>queued', 'pending>closed', 'closed>open', 'closed>queued',
]);

describe('conversation status', () => {
  for (const from of CONVERSATION_STATUSES) {
    for (const to of CONVERSATION_STATUSES) {
      if (ALLOWED.has(`${from}>${to}`)) {
        it(`moves from ${from} to ${to}`, () => expect(() => assertMove(from, to)).not.toThrow());
      } else {
        it(`does not move from ${from} to ${to}`, () => expect(() => assertMove(from, to)).toThrow(DomainError));
      }
    }
  }
});
