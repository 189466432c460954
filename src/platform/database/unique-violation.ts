interface DriverError {
  code?: string;
  errno?: number;
  message?: string;
  /** Set by mysql2 when the connection is of no use any more. */
  fatal?: boolean;
}

function driverErrorOf(error: unknown): DriverError {
  const outer = error as { driverError?: DriverError } & DriverError;
  return outer?.driverError ?? outer ?? {};
}

/** True when a unique key refused the row. `index` is the index's name, `columns` as SQLite names them. */
export function isUniqueViolation(error: unknown, index?: string, columns?: string): boolean {
  const { code, errno, message = '' } = driverErrorOf(error);
  const mysql = code === 'ER_DUP_ENTRY' || errno === 1062;
  const sqlite = code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
  if (!mysql && !sqlite) return false;
  if (index === undefined) return true;
  return mysql ? keyNamedIn(message) === index : columns !== undefined && message.endsWith(`: ${columns}`);
}

/** "Duplicate entry '…' for key 'table.index'", without the table in older versions; the entry is the caller's text. */
function keyNamedIn(message: string): string | undefined {
  return /' for key '(?:[^'.]*\.)?([^'.]*)'$/.exec(message)?.[1];
}

/** MySQL deadlock, lock time-out, and MariaDB's "record has changed since last read": the whole unit may run again. */
const REPEATABLE_ERRNOS = new Set([1213, 1205, 1020]);

export function isRepeatable(error: unknown): boolean {
  const { errno } = driverErrorOf(error);
  return errno !== undefined && REPEATABLE_ERRNOS.has(errno);
}

/** The server shuts down, has killed the session (MariaDB's number, MySQL's number), or let it idle for too long. */
const CUT_ERRNOS = new Set([1053, 1077, 1927, 3169, 4031]);

/** The connection broke: nobody can say whether what was sent last was done. */
export function isConnectionLost(error: unknown): boolean {
  const { code = '', errno, fatal } = driverErrorOf(error);
  return fatal === true || (errno !== undefined && CUT_ERRNOS.has(errno)) || /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|PROTOCOL_)/.test(code);
}

/** Too many connections, disk or table full, read only (in the middle of a failover). */
const UNABLE_ERRNOS = new Set([1021, 1040, 1114, 1203, 1226, 1290, 1792, 1836]);

/** The database cannot be reached, is too busy, or has no room: the caller may come again later. */
export function isUnavailable(error: unknown): boolean {
  const { code = '', errno } = driverErrorOf(error);
  return (
    isConnectionLost(error) ||
    isRepeatable(error) ||
    (errno !== undefined && UNABLE_ERRNOS.has(errno)) ||
    /^(ENOTFOUND|EAI_AGAIN|POOL_|SQLITE_FULL|SQLITE_BUSY|SQLITE_IOERR)/.test(code)
  );
}
