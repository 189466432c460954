import { DomainError } from '../../kernel/domain-error.js';

/** Deeper than anything that validation lets through. */
const MAX_DEPTH = 32;

/** Socket.IO also carries bytes, which JSON does not: what a client sends must be what REST could have sent. */
export function plainPayload(body: unknown): unknown {
  if (holdsBytes(body, 0)) throw new DomainError('invalid', 'request.invalid', 'Bytes are not accepted; send JSON.');
  return body;
}

function holdsBytes(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
  return Object.values(value).some((item) => holdsBytes(item, depth + 1));
}
