/** What went wrong, as the caller's program has to tell it apart; each kind has one HTTP status. */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'invalid'
  | 'rate_limited'
  | 'unavailable';

export interface FieldError {
  /** Path of the field in the body or query, `visitor.name`, `tags[2]`. */
  field: string;
  code: string;
  message: string;
}

export interface ErrorDetails {
  errors?: FieldError[];
  /** Further members of the problem document, for example the moves that are allowed. */
  extra?: Record<string, unknown>;
  /** When to come again, where that is known. */
  retryAfterSeconds?: number;
}

/** The one error that business code throws. `code` is stable and dotted: `conversation.closed`. */
export class DomainError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

export function notFound(what: string, id: string): DomainError {
  return new DomainError('not_found', `${what}.not_found`, `There is no ${what} ${JSON.stringify(excerpt(id))}.`);
}

/** What a caller sent, short enough to be said back to it. */
export function excerpt(text: string, maxLength = 100): string {
  return text.length <= maxLength ? text.toWellFormed() : `${text.slice(0, maxLength).toWellFormed()}…`;
}

export function invalidField(field: string, code: string, message: string): DomainError {
  return new DomainError('invalid', 'request.invalid', 'The request has invalid fields.', {
    errors: [{ field, code, message }],
  });
}
