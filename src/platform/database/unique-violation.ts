interface DriverError {
  code?: string;
  errno?: number;
  message?: string;
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
  return mysql ? message.includes(index) : columns !== undefined && message.includes(columns);
}

/** MySQL deadlock, lock time-out, and MariaDB's "record has changed since last read": the whole unit may run again. */
const REPEATABLE_ERRNOS = new Set([1213, 1205, 1020]);

export function isRepeatable(error: unknown): boolean {
  const { errno } = driverErrorOf(error);
  return errno !== undefined && REPEATABLE_ERRNOS.has(errno);
}

/** The database cannot be reached, or has no room: the caller may come again later. */
export function isUnavailable(error: unknown): boolean {
  const { code = '' } = driverErrorOf(error);
  return /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|PROTOCOL_|POOL_|ER_CON_COUNT|ER_SERVER_SHUTDOWN|ER_DISK_FULL|SQLITE_FULL|SQLITE_BUSY|SQLITE_IOERR)/.test(code);
}
