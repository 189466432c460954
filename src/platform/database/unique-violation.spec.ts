import { QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { isConnectionLost, isRepeatable, isUnavailable, isUniqueViolation } from './unique-violation.js';

function failure(properties: object, message = 'no'): Error {
  return new QueryFailedError('INSERT …', [], Object.assign(new Error(message), properties));
}

const mysql = (key: string, entry = 'a'): Error => failure({ code: 'ER_DUP_ENTRY', errno: 1062 }, `Duplicate entry '${entry}' for key '${key}'`);
const sqlite = (columns: string): Error => failure({ code: 'SQLITE_CONSTRAINT_UNIQUE' }, `UNIQUE constraint failed: ${columns}`);

describe('a violated unique key', () => {
  it('is known by its index on MySQL, with and without the table before it', () => {
    for (const error of [mysql('agents_username'), mysql('agents.agents_username'), mysql('agents_username', 'org_1-x')]) {
      expect(isUniqueViolation(error)).toBe(true);
      expect(isUniqueViolation(error, 'agents_username', 'agents.username')).toBe(true);
      expect(isUniqueViolation(error, 'agents', 'agents.username')).toBe(false);
      expect(isUniqueViolation(error, 'agents_user', 'agents.username')).toBe(false);
    }
    expect(isUniqueViolation(mysql('PRIMARY'), 'agents_username')).toBe(false);
  });

  it('is not taken for another one by what the caller has sent', () => {
    for (const entry of ['agents_username', "' for key 'agents_username", "x' for key 'agents.agents_username'"]) {
      expect(isUniqueViolation(mysql('agents.agents_email', entry), 'agents_username')).toBe(false);
    }
  });

  it('is known by its columns on SQLite', () => {
    const error = sqlite('agents.organization_id, agents.username');
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(error, 'agents_username', 'agents.organization_id, agents.username')).toBe(true);
    expect(isUniqueViolation(error, 'agents_username', 'agents.username')).toBe(false);
    expect(isUniqueViolation(failure({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }, 'UNIQUE constraint failed: agents.id'))).toBe(true);
    expect(isUniqueViolation(failure({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }))).toBe(false);
  });

  it.each([undefined, null, 'text', new Error('no'), failure({})])('is nothing else (%#)', (error) => {
    expect([isUniqueViolation(error), isRepeatable(error), isUnavailable(error), isConnectionLost(error)]).toEqual([false, false, false, false]);
  });
});

describe('a database that cannot', () => {
  it.each([
    ['deadlock', { errno: 1213, code: 'ER_LOCK_DEADLOCK' }, 'repeatable'],
    ['lock time-out', { errno: 1205, code: 'ER_LOCK_WAIT_TIMEOUT' }, 'repeatable'],
    ['changed record', { errno: 1020, code: 'ER_CHECKREAD' }, 'repeatable'],
    ['refused', { code: 'ECONNREFUSED', errno: -111, fatal: true }, 'lost'],
    ['reset', { code: 'ECONNRESET', errno: -104 }, 'lost'],
    ['closed', { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }, 'lost'],
    ['closed before', { fatal: true }, 'lost'],
    ['killed on MariaDB', { errno: 1927 }, 'lost'],
    ['killed on MySQL', { errno: 3169 }, 'lost'],
    ['shutting down', { errno: 1053, code: 'ER_SERVER_SHUTDOWN' }, 'lost'],
    ['too many connections', { errno: 1040, code: 'ER_CON_COUNT_ERROR' }, 'unavailable'],
    ['read only', { errno: 1290, code: 'ER_OPTION_PREVENTS_STATEMENT' }, 'unavailable'],
    ['full', { code: 'SQLITE_FULL' }, 'unavailable'],
    ['busy', { code: 'SQLITE_BUSY' }, 'unavailable'],
    ['snapshot', { code: 'SQLITE_BUSY_SNAPSHOT' }, 'unavailable'],
    ['no such host', { code: 'ENOTFOUND' }, 'unavailable'],
  ])('%s', (_, properties, kind) => {
    const error = failure(properties);
    expect(isUnavailable(error)).toBe(true);
    expect(isRepeatable(error)).toBe(kind === 'repeatable');
    expect(isConnectionLost(error)).toBe(kind === 'lost');
    expect(isUnavailable(Object.assign(new Error('bare'), properties))).toBe(true);
  });
});
