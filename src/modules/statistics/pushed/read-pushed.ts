import { DomainError, invalidField } from '../../../kernel/domain-error.js';
import type { FieldError } from '../../../kernel/domain-error.js';
import { validate } from '../../../platform/http/validation/validation.pipe.js';
import { PushedFigureDto } from './push.dto.js';

export const MAX_FIGURES = 1000;
const MAX_ERRORS = 100;

/** One figure or an array of them; of an array each fault names the place. */
export function readPushed(body: unknown): PushedFigureDto[] {
  if (!Array.isArray(body)) return [validate(PushedFigureDto, body ?? {})];
  if (body.length === 0 || body.length > MAX_FIGURES) throw invalidField('', 'array_size', `An array holds 1 to ${MAX_FIGURES} figures.`);
  const errors: FieldError[] = [];
  const figures = body.flatMap((item: unknown, index) => {
    try {
      return [validate(PushedFigureDto, item)];
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      for (const fault of error.details.errors ?? []) errors.push({ ...fault, field: [`[${index}]`, fault.field].filter((part) => part !== '').join('.') });
      return [];
    }
  });
  if (errors.length > 0) throw new DomainError('invalid', 'request.invalid', 'The request has invalid fields.', { errors: errors.slice(0, MAX_ERRORS) });
  return figures;
}
