/** What a log line says of an error. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string | number;
  errno?: number;
  stack?: string;
  cause?: LoggedError;
}

const DEEPEST_CAUSE = 5;

/** What databases quote in their messages is a row's content. */
const QUOTED_VALUES = /(Duplicate entry|Incorrect [\w ]+ value:) '.*'(?= for (?:key|column) )|(Truncated incorrect \w+ value:) '.*'/gs;

function withoutValues(text: string): string {
  return text.replaceAll(QUOTED_VALUES, "$1$2 '…'");
}

/**
 * A whitelist: errors of the database carry the statement with all its values, and those of Redis the command with
 * its arguments, so whatever else an error holds stays out of the log.
 */
export function toLoggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutValues(String(error)) };
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return {
    type: error.constructor.name,
    message: withoutValues(error.message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(typeof errno === 'number' && { errno }),
    ...(error.stack !== undefined && { stack: withoutValues(error.stack) }),
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: toLoggedError(error.cause, depth + 1) }),
  };
}
