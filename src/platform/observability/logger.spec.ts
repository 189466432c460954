import { QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { NestLogger, createLogger } from './logger.js';

const SECRET = 'hush-hush';

function aLog(level = 'info') {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line: string) => void lines.push(line) });
  return { logger, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1)!) as { err: { message: string; cause: { message: string } } } };
}

/** As mysql2 makes them: the statement with its values is a property. */
function aDriverError(message: string): Error {
  return Object.assign(new Error(message), {
    code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000', sqlMessage: message, sql: `INSERT INTO messages VALUES ('${SECRET}')`,
  });
}

describe('the log', () => {
  it('has one JSON object for each line, with its level and time', () => {
    const { logger, last } = aLog();
    logger.info({ request_id: 'r1' }, 'request');
    expect(last()).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), request_id: 'r1', msg: 'request' });
  });

  it('says of a failed query what failed, and nothing of its values', () => {
    const { logger, text, last } = aLog();
    const duplicate = `Duplicate entry 'it''s ' for key 'mine' ${SECRET}' for key 'visitors.visitors_external_id'`;
    logger.error({ err: new QueryFailedError('INSERT INTO messages VALUES (?)', [SECRET], aDriverError(duplicate)) }, 'request failed');
    logger.error({ err: new Error('outer', { cause: new QueryFailedError('SELECT ?', [SECRET], aDriverError(`Incorrect string value: '${SECRET}' for column 'name' at row 1`)) }) }, 'request failed');
    logger.error({ err: aDriverError(`Duplicate entry '${SECRET}' for key 'PRIMARY'`) }, 'request failed');
    expect(text()).not.toContain(SECRET);
    expect(last().err).toEqual({
      type: 'Error', code: 'ER_DUP_ENTRY', errno: 1062, message: "Duplicate entry '…' for key 'PRIMARY'", stack: expect.stringContaining('logger.spec'),
    });
    expect(text()).toContain('visitors_external_id');
  });

  it('says nothing of the arguments of a Redis command', () => {
    const { logger, text } = aLog();
    logger.warn({ err: Object.assign(new Error('WRONGPASS invalid username-password pair'), { command: { name: 'auth', args: [SECRET] } }) }, 'redis');
    logger.error({ err: { password: SECRET } }, 'not an error at all');
    logger.error(Object.assign(new Error('bare'), { password: SECRET }));
    expect(text()).not.toContain(SECRET);
    expect(text()).toContain('WRONGPASS');
  });

  it('ends with a chain of causes that has no end', () => {
    const { logger, last } = aLog();
    const error = new Error('round');
    error.cause = error;
    logger.error({ err: error }, 'x');
    expect(last().err.cause.message).toBe('round');
  });

  it('takes what Nest has to say, errors without what they hold', () => {
    const { logger, text, last } = aLog();
    const nest = new NestLogger(logger);
    nest.log('Mapped {/api/v1/agents, GET} route', 'RouterExplorer');
    nest.error(new Error('thrown as well'), undefined, 'ExceptionHandler');
    nest.error('Error: listen EADDRINUSE', undefined, 'NestApplication');
    expect(text()).toBe('');
    nest.error(new QueryFailedError('SELECT ?', [SECRET], aDriverError(`Duplicate entry '${SECRET}' for key 'PRIMARY'`)), 'stack', 'ExceptionsHandler');
    nest.error('Unable to connect to the database.', new QueryFailedError('SELECT ?', [SECRET], aDriverError('away')));
    expect(text()).not.toContain(SECRET);
    expect(last()).toMatchObject({ level: 'error', msg: 'Unable to connect to the database.', details: [{ type: 'QueryFailedError', message: 'away' }] });
  });
});
