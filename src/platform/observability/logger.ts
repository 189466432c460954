import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { toLoggedError } from './logged-error.js';

/** Structured logs. Never a body, never a credential: what may hold one is not handed to the logger at all. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => toLoggedError(error) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** What Nest logs under these names it also throws, to whoever starts the application. */
const THROWN_TOO = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** Lets Nest write through the same logger. Its start-up chatter is of use to developers only. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }

  error(message: unknown, ...details: unknown[]): void {
    const known = details.map((detail) => (detail instanceof Error ? toLoggedError(detail) : detail));
    if (THROWN_TOO.has(details.at(-1))) this.logger.debug({ err: message, details: known }, 'the application cannot be started');
    else if (message instanceof Error) this.logger.error({ err: message, details: known }, 'error');
    else this.logger.error({ details: known }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context }, String(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }
}
