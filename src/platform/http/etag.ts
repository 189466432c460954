import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { sha256 } from '../crypto/hash.js';

/** Covers the fields that callers write, not counters, so that a busy conversation keeps its tag. */
export function etagOf<T extends object>(view: T, fields: readonly (keyof T)[]): string {
  return `"${sha256(JSON.stringify(fields.map((field) => view[field]))).slice(0, 32)}"`;
}

/** The `If-Match` header of a PUT or DELETE; services hold it against the row that they have locked. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  return Array.isArray(header) ? header.join(',') : header;
});

export function assertMatch<T extends object>(ifMatch: string | undefined, view: T, fields: readonly (keyof T)[]): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const current = etagOf(view, fields);
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(current)) {
    throw new DomainError('precondition_failed', 'request.precondition_failed', 'The resource has changed since it was read.');
  }
}
