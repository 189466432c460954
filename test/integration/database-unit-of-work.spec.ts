import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addRows, changeRows, insertRows } from '../../src/platform/database/rows.js';
import { isUniqueViolation } from '../../src/platform/database/unique-violation.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { openDatabase, signal } from '../support/open-database.js';
import type { OpenDatabase } from '../support/open-database.js';

const mysql = process.env.TEST_MATRIX === 'servers';

describe('the unit of work', () => {
  let open: OpenDatabase;
  let unitOfWork: UnitOfWork;

  beforeAll(async () => {
    open = await openDatabase();
    unitOfWork = open.unitOfWork;
    await open.dataSource.query('CREATE TABLE things (name VARCHAR(40) PRIMARY KEY, amount INTEGER NOT NULL)');
  });

  afterAll(() => open.close());

  beforeEach(() => open.dataSource.query('DELETE FROM things'));

  const add = (name: string, amount = 0): Promise<unknown> => insertRows(unitOfWork, 'things', ['name', 'amount'], [[name, amount]]);
  const bump = (name: string): Promise<number> => changeRows(unitOfWork, 'UPDATE things SET amount = amount + 1 WHERE name = ?', [name]);
  const names = async (): Promise<string[]> => (await unitOfWork.query<{ name: string }>('SELECT name FROM things ORDER BY name')).map((row) => row.name);

  describe('statements whose results nobody waits for', () => {
    const addLater = (name: string, amount = 0): Promise<void> => addRows(unitOfWork, 'things', ['name', 'amount'], [[name, amount]]);

    it('have run before the next one, in their order', async () => {
      const seen = await unitOfWork.run(async () => {
        await addLater('a', 1);
        await unitOfWork.write('UPDATE things SET amount = amount * 10 WHERE name = ?', ['a']);
        await addLater('b; DROP TABLE things', 2);
        const changed = await changeRows(unitOfWork, 'UPDATE things SET amount = amount + 1 WHERE amount > ?', [0]);
        return { changed, rows: await unitOfWork.query('SELECT name, amount FROM things ORDER BY name') };
      });
      expect(seen).toEqual({ changed: 2, rows: [{ name: 'a', amount: 11 }, { name: 'b; DROP TABLE things', amount: 3 }] });
      expect(await names()).toEqual(['a', 'b; DROP TABLE things']);
    });

    it('have run before the commit when none follows, and a generated number is that of its own statement', async () => {
      await open.dataSource.query(`CREATE TABLE numbered (number INTEGER PRIMARY KEY ${mysql ? 'AUTO_INCREMENT' : 'AUTOINCREMENT'}, name VARCHAR(40))`);
      const numbers = await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'numbered', ['name'], [['first'], ['second']]);
        const given = await insertRows(unitOfWork, 'numbered', ['name'], [['third'], ['fourth']]);
        await addRows(unitOfWork, 'numbered', ['name'], [['fifth']]);
        return given;
      });
      expect(await unitOfWork.query('SELECT name FROM numbered WHERE number IN (?, ?) ORDER BY number', numbers)).toEqual([{ name: 'third' }, { name: 'fourth' }]);
      expect(await unitOfWork.query('SELECT COUNT(*) AS count FROM numbered')).toMatchObject([{ count: 5 }]);
    });

    it('travel in as many packets as they need', async () => {
      await open.dataSource.query(`CREATE TABLE texts (number INTEGER PRIMARY KEY ${mysql ? 'AUTO_INCREMENT' : 'AUTOINCREMENT'}, name VARCHAR(40), body ${mysql ? 'LONGTEXT' : 'TEXT'})`);
      // Twice as long when they are escaped, and more together than MySQL takes in one packet.
      const rowsOf = (name: string): unknown[][] => Array.from({ length: 30 }, (_, index) => [`${name} ${index}`, "'".repeat(400_000)]);
      const numbers = await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'texts', ['name', 'body'], rowsOf('deferred'));
        const given = await insertRows(unitOfWork, 'texts', ['name', 'body'], rowsOf('numbered'));
        for (const row of rowsOf('alone')) await addRows(unitOfWork, 'texts', ['name', 'body'], [row]);
        return given;
      });
      const found = await unitOfWork.query<{ number: number; name: string }>("SELECT number, name FROM texts WHERE name LIKE 'numbered%' ORDER BY number");
      expect(found.map(({ name }) => name)).toEqual(rowsOf('numbered').map(([name]) => name));
      expect(found.map(({ number }) => Number(number))).toEqual(numbers);
      expect(await unitOfWork.query('SELECT COUNT(*) AS count FROM texts')).toMatchObject([{ count: 90 }]);
    });

    it('are gone with a unit that fails, and leave nothing to the next one on the connection', async () => {
      await expect(unitOfWork.run(async () => {
        await addLater('never');
        throw new Error('changed my mind');
      })).rejects.toThrow('changed my mind');
      await unitOfWork.run(() => add('next'));
      expect(await names()).toEqual(['next']);
    });

    it('fail the unit that they belong to, at the commit at the latest', async () => {
      await unitOfWork.run(() => add('taken'));
      const failing = unitOfWork.run(async () => {
        await addLater('before');
        await addLater('taken');
        await addLater('behind');
      });
      await expect(failing).rejects.toSatisfy((error) => isUniqueViolation(error));
      expect(await names()).toEqual(['taken']);
    });

    it('cannot be given outside of a unit', async () => {
      await expect(addLater('x')).rejects.toThrow('needs an open unit');
    });
  });

  describe('two units that overlap', () => {
    it('keeps the rows of the one that commits when the other fails', async () => {
      const bothWant = signal();
      const failing = unitOfWork.run(async () => {
        await add('of the failing one');
        bothWant.give();
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('changed my mind');
      });
      await bothWant.promise;
      const committing = unitOfWork.run(() => add('of the committing one'));

      await expect(failing).rejects.toThrow('changed my mind');
      await committing;
      expect(await names()).toEqual(['of the committing one']);
    });

    it('keeps the rows of each of many when every second one fails', async () => {
      const units = Array.from({ length: 40 }, (_, index) =>
        unitOfWork.run(async () => {
          await add(`unit ${String(index).padStart(2, '0')}`);
          await new Promise((resolve) => setImmediate(resolve));
          if (index % 2 === 1) throw new Error('odd');
        }),
      );
      const results = await Promise.allSettled(units);
      expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, (_, index) => (index % 2 === 1 ? 'rejected' : 'fulfilled')));
      expect(await names()).toEqual(Array.from({ length: 20 }, (_, index) => `unit ${String(index * 2).padStart(2, '0')}`));
    });

    it('shows committed rows only to a plain read, and its own rows to the unit', async () => {
      const written = signal();
      const looked = signal();
      const unit = unitOfWork.run(async () => {
        await add('not yet');
        written.give();
        await looked.promise;
        return names();
      });
      await written.promise;
      expect(await names()).toEqual([]);
      looked.give();
      expect(await unit).toEqual(['not yet']);
      expect(await names()).toEqual(['not yet']);
    });

    it('cannot write outside of a unit', async () => {
      expect(() => unitOfWork.transaction).toThrow('needs an open unit');
      if (!mysql) await expect(unitOfWork.query("INSERT INTO things (name, amount) VALUES ('x', 1)")).rejects.toThrow(/readonly/);
      expect(() => unitOfWork.afterCommit(() => undefined)).toThrow('needs an open unit');
      expect(() => unitOfWork.beforeCommit('x', async () => undefined)).toThrow('needs an open unit');
      expect(() => unitOfWork.scoped('x', () => 1)).toThrow('needs an open unit');
    });
  });

  describe('a unit inside of a unit', () => {
    it('joins it: one fails, all is rolled back', async () => {
      const run = unitOfWork.run(async () => {
        await add('outer');
        await unitOfWork.run(() => add('inner'));
        expect(await names()).toEqual(['inner', 'outer']);
        throw new Error('after the inner one');
      });
      await expect(run).rejects.toThrow('after the inner one');
      expect(await names()).toEqual([]);
    });

    it('is apart when it is detached', async () => {
      await unitOfWork.run(async () => {
        expect(unitOfWork.isOpen).toBe(true);
        await add('outer');
        unitOfWork.detached(() => expect(unitOfWork.isOpen).toBe(false));
        expect(await unitOfWork.detached(() => names())).toEqual([]);
        expect(unitOfWork.isOpen).toBe(true);
      });
      expect(unitOfWork.isOpen).toBe(false);
    });

    it('commits on its own when it is detached and the outer one fails', async () => {
      let inner: Promise<unknown> | undefined;
      const outer = unitOfWork.run(async () => {
        await add('outer');
        inner = unitOfWork.detached(() => unitOfWork.run(() => add('inner')));
        throw new Error('outer fails');
      });
      await expect(outer).rejects.toThrow('outer fails');
      await inner;
      expect(await names()).toEqual(['inner']);
    });
  });

  describe('a unit that has ended', () => {
    it('refuses what was started in it and not awaited, also while the next unit runs', async () => {
      const ended = signal();
      const refusals: Promise<unknown>[] = [];
      await unitOfWork.run(async () => {
        await add('awaited');
        for (const use of [() => add('late'), () => names(), () => unitOfWork.run(() => add('late')), async () => unitOfWork.afterCommit(() => undefined)]) {
          refusals.push(ended.promise.then(use));
        }
      });
      const next = unitOfWork.run(async () => {
        ended.give();
        await Promise.allSettled(refusals);
        await add('next');
      });
      for (const refusal of refusals) await expect(refusal).rejects.toThrow('has ended');
      await next;
      expect(await names()).toEqual(['awaited', 'next']);
    });
  });

  describe('effects after the commit', () => {
    it('come after it, in order, outside of the unit', async () => {
      const seen: unknown[] = [];
      await unitOfWork.run(async () => {
        await add('durable');
        unitOfWork.afterCommit(() => seen.push(['first', unitOfWork.isOpen]));
        unitOfWork.afterCommit(() => seen.push(['second', unitOfWork.isOpen]));
        await unitOfWork.run(async () => unitOfWork.afterCommit(() => seen.push(['of the inner one', unitOfWork.isOpen])));
        expect(seen).toEqual([]);
      });
      expect(seen).toEqual([['first', false], ['second', false], ['of the inner one', false]]);
    });

    it('find the rows committed', async () => {
      let found: Promise<string[]> | undefined;
      await unitOfWork.run(async () => {
        await add('durable');
        unitOfWork.afterCommit(() => void (found = names()));
      });
      expect(await found).toEqual(['durable']);
    });

    it('never come after a rollback', async () => {
      const seen: string[] = [];
      const run = unitOfWork.run(async () => {
        unitOfWork.afterCommit(() => seen.push('effect'));
        await add('x');
        await add('x');
      });
      await expect(run).rejects.toThrow(/x|things/i);
      expect(seen).toEqual([]);
    });

    it('do not make a committed unit fail, nor keep the others from coming', async () => {
      const seen: string[] = [];
      const reported: unknown[] = [];
      const listeners = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', (reason) => reported.push(reason));
      try {
        const result = await unitOfWork.run(async () => {
          await add('durable');
          unitOfWork.afterCommit(() => {
            throw new Error('a broken effect');
          });
          unitOfWork.afterCommit(() => seen.push('the other effect'));
          return 'done';
        });
        expect(result).toBe('done');
        await new Promise((resolve) => setImmediate(resolve));
      } finally {
        process.removeAllListeners('unhandledRejection');
        for (const listener of listeners) process.on('unhandledRejection', listener);
      }
      expect(seen).toEqual(['the other effect']);
      expect(reported).toEqual([new Error('a broken effect')]);
      expect(await names()).toEqual(['durable']);
    });
  });

  describe('steps before the commit', () => {
    it('run once for each key, inside of the unit, also when one of them adds another', async () => {
      const seen: string[] = [];
      await unitOfWork.run(async () => {
        unitOfWork.beforeCommit('a', async () => void seen.push('replaced'));
        unitOfWork.beforeCommit('a', async () => void seen.push('a'));
        unitOfWork.beforeCommit('b', async () => {
          seen.push('b');
          await add('of a step');
          unitOfWork.beforeCommit('a', async () => void seen.push('a again'));
          unitOfWork.beforeCommit('c', async () => void seen.push('c'));
        });
      });
      expect(seen).toEqual(['a', 'b', 'a again', 'c']);
      expect(await names()).toEqual(['of a step']);
    });

    it('roll the unit back when one fails', async () => {
      const run = unitOfWork.run(async () => {
        await add('x');
        unitOfWork.beforeCommit('a', async () => {
          throw new Error('cannot plan');
        });
      });
      await expect(run).rejects.toThrow('cannot plan');
      expect(await names()).toEqual([]);
    });
  });

  it('keeps values for one unit', async () => {
    let made = 0;
    const value = (): number => unitOfWork.scoped('key', () => ++made);
    await unitOfWork.run(async () => expect([value(), value()]).toEqual([1, 1]));
    await unitOfWork.run(async () => expect(value()).toBe(2));
  });

  describe('when the database refuses', () => {
    it('leaves nothing open after a BEGIN that fails', async () => {
      const driver = open.dataSource.driver as unknown as { createQueryRunner: (mode: string) => { query: (sql: string, ...rest: unknown[]) => Promise<unknown> } };
      const create = driver.createQueryRunner;
      driver.createQueryRunner = function (mode) {
        const runner = create.call(this, mode);
        const query = runner.query.bind(runner);
        runner.query = (sql, ...rest) => {
          runner.query = query;
          return /^(BEGIN|START)/.test(sql) ? Promise.reject(new Error('cannot begin')) : query(sql, ...rest);
        };
        return runner;
      };
      try {
        for (let index = 0; index < 20; index++) await expect(unitOfWork.run(() => add('x'))).rejects.toThrow('cannot begin');
      } finally {
        driver.createQueryRunner = create;
      }
      // More units at a time than the pool has connections: none of them was lost above.
      await Promise.all(Array.from({ length: 20 }, (_, index) => unitOfWork.run(() => add(`after ${index}`))));
      expect(await names()).toHaveLength(20);
    });

    it('rolls back and goes on after a COMMIT that fails', async () => {
      const effects: string[] = [];
      const run = unitOfWork.run(async () => {
        await add('lost');
        unitOfWork.afterCommit(() => effects.push('effect'));
        const runner = unitOfWork.transaction.queryRunner!;
        const commit = runner.commitTransaction.bind(runner);
        runner.commitTransaction = async () => {
          runner.commitTransaction = commit;
          throw new Error('disk is full');
        };
      });
      await expect(run).rejects.toThrow('disk is full');
      expect(effects).toEqual([]);
      await unitOfWork.run(() => add('next'));
      expect(await names()).toEqual(['next']);
    });

    it.runIf(!mysql)('goes on after SQLite has rolled back by itself', async () => {
      await unitOfWork.run(() => add('x'));
      for (let round = 0; round < 3; round++) {
        const run = unitOfWork.run(async () => {
          await add('lost');
          await unitOfWork.query("INSERT OR ROLLBACK INTO things (name, amount) VALUES ('x', 1)");
        });
        await expect(run).rejects.toThrow('UNIQUE');
        const failing = unitOfWork.run(async () => {
          await add('also lost');
          throw new Error('no');
        });
        await expect(failing).rejects.toThrow('no');
        await unitOfWork.run(() => add(`kept ${round}`));
        expect(await names()).toContain(`kept ${round}`);
      }
      expect(await names()).toEqual(['kept 0', 'kept 1', 'kept 2', 'x']);
    });

    it.runIf(mysql)('goes on after the server has cut connections', async () => {
      const cut = async (): Promise<void> => {
        const units = Array.from({ length: 6 }, () =>
          unitOfWork.run(async () => {
            await add(`cut ${Math.random()}`);
            const [row] = await unitOfWork.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
            await open.dataSource.query(`KILL ${row!.id}`);
            await add('never');
          }),
        );
        for (const unit of await Promise.allSettled(units)) expect(unit.status).toBe('rejected');
      };
      await cut();
      await cut();
      await Promise.all(Array.from({ length: 24 }, (_, index) => unitOfWork.run(() => add(`after ${index}`))));
      expect(await names()).toHaveLength(24);
    });
  });

  describe.runIf(!mysql)('on SQLite', () => {
    it('lets units in first come, first served', async () => {
      const order: number[] = [];
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          unitOfWork.run(async () => {
            order.push(index);
            await add(`unit ${index}`);
            for (let turn = 0; turn < (index * 7) % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
          }),
        ),
      );
      expect(order).toEqual(Array.from({ length: 30 }, (_, index) => index));
    });
  });

  describe.runIf(mysql)('on MySQL', () => {
    it('works in the same way on every connection, also on those that the start opened', async () => {
      const allHere = signal();
      let here = 0;
      const settings = await Promise.all(
        Array.from({ length: 12 }, () =>
          unitOfWork.run(async () => {
            if (++here === 12) allHere.give();
            await allHere.promise;
            const [row] = await unitOfWork.query<Record<string, unknown>>("SHOW VARIABLES LIKE 't%_isolation'");
            const [more] = await unitOfWork.query('SELECT @@time_zone AS zone, @@innodb_lock_wait_timeout AS wait');
            return { isolation: row!.Value, ...more };
          }),
        ),
      );
      for (const setting of settings) expect(setting).toEqual({ isolation: 'READ-COMMITTED', zone: '+00:00', wait: 20 });
    });

    it('runs the whole unit again after a deadlock, with its effects once', async () => {
      await unitOfWork.run(async () => {
        await add('left');
        await add('right');
      });
      const firstLocks = [signal(), signal()];
      const runs = [0, 0];
      const effects: string[] = [];
      const crossing = (self: number, first: string, second: string): Promise<void> =>
        unitOfWork.run(async () => {
          runs[self]!++;
          unitOfWork.afterCommit(() => effects.push(first));
          await bump(first);
          firstLocks[self]!.give();
          await firstLocks[1 - self]!.promise;
          await bump(second);
        });
      await Promise.all([crossing(0, 'left', 'right'), crossing(1, 'right', 'left')]);
      expect(runs.toSorted()).toEqual([1, 2]);
      expect(effects.toSorted()).toEqual(['left', 'right']);
      expect(await unitOfWork.query('SELECT name, amount FROM things ORDER BY name')).toEqual([
        { name: 'left', amount: 2 },
        { name: 'right', amount: 2 },
      ]);
    });

    it('gets many units through that lock the same rows in any order', async () => {
      const rows = ['a', 'b', 'c', 'd'];
      await unitOfWork.run(async () => {
        for (const row of rows) await add(row);
      });
      await Promise.all(
        Array.from({ length: 32 }, (_, index) =>
          unitOfWork.run(async () => {
            for (let step = 0; step < rows.length; step++) await bump(rows[(index + step * (index % 2 === 0 ? 1 : 3)) % rows.length]!);
          }),
        ),
      );
      expect(await unitOfWork.query('SELECT amount FROM things')).toEqual(rows.map(() => ({ amount: 32 })));
    });

    it('runs the unit again when a lock was not given in time', async () => {
      await unitOfWork.run(() => add('locked'));
      const holder = open.dataSource.createQueryRunner();
      await holder.startTransaction();
      await holder.query("UPDATE things SET amount = 100 WHERE name = 'locked'");
      let runs = 0;
      await unitOfWork.run(async () => {
        runs++;
        await unitOfWork.query('SET SESSION innodb_lock_wait_timeout = 1');
        try {
          await bump('locked');
        } catch (error) {
          await holder.commitTransaction();
          throw error;
        } finally {
          await unitOfWork.query('SET SESSION innodb_lock_wait_timeout = 20');
        }
      });
      await holder.release();
      expect(runs).toBe(2);
      expect(await unitOfWork.query('SELECT amount FROM things')).toEqual([{ amount: 101 }]);
    });

    it('gives up when it never gets through', async () => {
      let runs = 0;
      const run = unitOfWork.run(async () => {
        runs++;
        throw Object.assign(new Error('Deadlock found'), { errno: 1213, code: 'ER_LOCK_DEADLOCK' });
      });
      await expect(run).rejects.toThrow('Deadlock');
      expect(runs).toBeGreaterThan(1);
      expect(runs).toBeLessThan(20);
    });
  });
});
