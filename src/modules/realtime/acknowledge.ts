import type { Logger } from 'pino';
import { DomainError } from '../../kernel/domain-error.js';
import type { FieldError } from '../../kernel/domain-error.js';

export type Acknowledgement<T> =
  | { ok: true; data: T }
  | { ok: false; error: { code: string; message: string; errors?: FieldError[] } };

/** Answers a client's request the way API §8 says; nothing that fails reaches the socket in another shape. */
export async function acknowledge<T>(logger: Logger, work: () => Promise<T>): Promise<Acknowledgement<T>> {
  try {
    return { ok: true, data: await work() };
  } catch (error) {
    if (error instanceof DomainError) {
      const { errors } = error.details;
      return { ok: false, error: { code: error.code, message: error.message, ...(errors && { errors }) } };
    }
    logger.error({ err: error }, 'socket request failed');
    return { ok: false, error: { code: 'internal', message: 'Something went wrong on our side.' } };
  }
}
