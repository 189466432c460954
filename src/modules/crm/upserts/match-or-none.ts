import { DomainError } from '../../../kernel/domain-error.js';
import { assertMatch } from '../../../platform/http/etag.js';

/** As `assertMatch`, where the resource may not be there yet: no tag is that of nothing. */
export function assertMatchOrNone<T extends object>(ifMatch: string | undefined, view: T | null, fields: readonly (keyof T)[]): void {
  if (view !== null) assertMatch(ifMatch, view, fields);
  else if (ifMatch !== undefined) throw new DomainError('precondition_failed', 'request.precondition_failed', 'There is no such resource yet.');
}
