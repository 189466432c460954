import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changeRows, insertRows } from '../../src/platform/database/rows.js';
import { SharedUnit } from '../../src/platform/database/shared-unit.js';
import type { Outcome } from '../../src/platform/database/shared-unit.js';
import type { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { openDatabase, signal } from '../support/open-database.js';
import type { OpenDatabase } from '../support/open-database.js';

const mysql = process.env.TEST_MATRIX === 'servers';

/** Two on MySQL, one on SQLite, as on the message path. */
const maxParallel = mysql ? 2 : 1;

describe('a shared unit', () => {
  let open: OpenDatabase;
  let unitOfWork: UnitOfWork;
  /** How many items each transaction had. */
  let sizes: number[];

  beforeAll(async () => {
    open = await openDatabase();
    unitOfWork = open.unitOfWork;
    await open.dataSource.query('CREATE TABLE things (name VARCHAR(40) PRIMARY KEY, amount INTEGER NOT NULL)');
  });

  afterAll(() => open.close());

  beforeEach(async () => {
    sizes = [];
    await open.dataSource.query('DELETE FROM things');
  });

  const count = async (): Promise<number> => Number((await unitOfWork.query<{ n: number }>('SELECT COUNT(*) AS n FROM things'))[0]!.n);

  /** Inserts all names by one statement; `bad…` is refused item by item. */
  function adding(maxItems = 128): SharedUnit<string, string> {
    return new SharedUnit<string, string>(unitOfWork, { maxItems, maxParallel }, async (names) => {
      sizes.push(names.length);
      const good = names.filter((name) => !name.startsWith('bad'));
      if (good.length > 0) await insertRows(unitOfWork, 'things', ['name', 'amount'], good.map((name) => [name, 1]));
      return names.map((name): Outcome<string> => (name.startsWith('bad') ? { error: new Error(`refused: ${name}`) } : { value: `added: ${name}` }));
    });
  }

  it('answers each item with its own outcome, from few transactions', async () => {
    const shared = adding();
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => shared.submit(`thing ${index}`)));
    expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => `added: thing ${index}`));
    expect(sizes[0]).toBe(128);
    expect(sizes.length).toBeLessThanOrEqual(3);
    expect(await count()).toBe(200);
  });

  it('refuses more than it could ever take in time, and takes all that it did not refuse', async () => {
    const shared = adding(10_000);
    const results = await Promise.allSettled(Array.from({ length: 10_050 }, (_, index) => shared.submit(`bad ${index}`)));
    const reasons = results.map((result) => (result as PromiseRejectedResult).reason as Error & { code?: string });
    expect(reasons.filter((reason) => reason.message.startsWith('refused'))).toHaveLength(10_000);
    expect(reasons.filter((reason) => reason.code === 'service.overloaded')).toHaveLength(50);
  });

  it('answers only when the transaction is durable', async () => {
    const shared = adding();
    await shared.submit('thing');
    expect(await count()).toBe(1);
  });

  it('gathers what comes while it is busy', async () => {
    const shared = adding();
    const waves: Promise<string>[] = [];
    for (let wave = 0; wave < 20; wave++) {
      for (let index = 0; index < 10; index++) waves.push(shared.submit(`wave ${wave} thing ${index}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(waves);
    expect(await count()).toBe(200);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200);
    expect(sizes.length).toBeLessThan(200);
  });

  it('takes no more than it may at a time', async () => {
    const shared = adding(7);
    await Promise.all(Array.from({ length: 30 }, (_, index) => shared.submit(`thing ${index}`)));
    expect(Math.max(...sizes)).toBe(7);
  });

  it('counts an item for as many as it says, and lets one that is too large go alone', async () => {
    const shared = new SharedUnit<number, number>(unitOfWork, { maxItems: 10, maxParallel: 1, sizeOf: (size) => size }, async (items) => {
      sizes.push(items.reduce((sum, size) => sum + size, 0));
      return items.map((value) => ({ value }));
    });
    const items = [4, 4, 4, 25, 1, 9, 10];
    expect(await Promise.all(items.map((size) => shared.submit(size)))).toEqual(items);
    expect(sizes).toEqual([8, 4, 25, 10, 10]);
  });

  it('lets items of one key follow each other, also after the commit, while others go on', async () => {
    const running = new Set<string>();
    const begun: string[] = [];
    const committed: string[] = [];
    let mostRunning = 0;
    const shared = new SharedUnit<string, string>(unitOfWork, { maxItems: 3, maxParallel, keyOf: (name) => name[0]! }, async (names) => {
      const keys = [...new Set(names.map((name) => name[0]!))];
      expect(keys.filter((key) => running.has(key))).toEqual([]);
      for (const key of keys) running.add(key);
      mostRunning = Math.max(mostRunning, running.size);
      begun.push(...names);
      await insertRows(unitOfWork, 'things', ['name', 'amount'], names.map((name) => [name, 1]));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      unitOfWork.afterCommit(() => {
        committed.push(...names);
        for (const key of keys) running.delete(key);
      });
      return names.map((name) => ({ value: name }));
    });
    const names = Array.from({ length: 40 }, (_, index) => `${'aaab'[index % 4]} ${String(index).padStart(2, '0')}`);
    expect(await Promise.all(names.map((name) => shared.submit(name)))).toEqual(names);
    for (const key of ['a', 'b']) {
      const ofKey = names.filter((name) => name.startsWith(key));
      expect(begun.filter((name) => name.startsWith(key))).toEqual(ofKey);
      expect(committed.filter((name) => name.startsWith(key))).toEqual(ofKey);
    }
    expect(mostRunning).toBe(2);
  });

  it('refuses one item and does the others in the same transaction', async () => {
    const shared = adding();
    const results = await Promise.allSettled(['one', 'bad', 'two'].map((name) => shared.submit(name)));
    expect(results).toEqual([
      { status: 'fulfilled', value: 'added: one' },
      { status: 'rejected', reason: new Error('refused: bad') },
      { status: 'fulfilled', value: 'added: two' },
    ]);
    expect(sizes).toEqual([3]);
  });

  it('does the others when one makes the whole statement fail', async () => {
    const shared = adding();
    await shared.submit('taken');
    sizes = [];
    const names = [...Array.from({ length: 20 }, (_, index) => `thing ${index}`), 'taken', ...Array.from({ length: 20 }, (_, index) => `more ${index}`)];
    const results = await Promise.allSettled(names.map((name) => shared.submit(name)));
    for (const [index, result] of results.entries()) {
      if (names[index] === 'taken') expect(result).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/UNIQUE|Duplicate/) } });
      else expect(result).toEqual({ status: 'fulfilled', value: `added: ${names[index]}` });
    }
    expect(await count()).toBe(41);
  });

  it('runs no item of a transaction that is committed again, whatever its answer does', async () => {
    const seen: string[] = [];
    const shared = new SharedUnit<string, number>(unitOfWork, { maxItems: 10, maxParallel }, async (names) => {
      seen.push(...names);
      await insertRows(unitOfWork, 'things', ['name', 'amount'], names.map((name) => [name, 1]));
      unitOfWork.afterCommit(() => seen.push('committed'));
      return names.map((_, value) => ({ value }));
    });
    expect(await Promise.all([shared.submit('a'), shared.submit('b')])).toEqual([0, 1]);
    expect(seen).toEqual(['a', 'b', 'committed']);
  });

  it('rolls back when not every item has an answer', async () => {
    const shared = new SharedUnit<string, number>(unitOfWork, { maxItems: 10, maxParallel }, async (names) => {
      await insertRows(unitOfWork, 'things', ['name', 'amount'], names.map((name) => [name, 1]));
      return [];
    });
    const results = await Promise.allSettled([shared.submit('a'), shared.submit('b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await count()).toBe(0);
  });

  it('knows nothing of the caller, and leaves the caller where it was', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const shared = new SharedUnit<string, string>(unitOfWork, { maxItems: 2, maxParallel }, async (names) => {
      seen.push(request.getStore(), unitOfWork.isOpen);
      return names.map((value) => ({ value }));
    });
    const callers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        request.run(`request ${index}`, async () => {
          const answer = await shared.submit(`item ${index}`);
          return [answer, request.getStore(), unitOfWork.isOpen];
        }),
      ),
    );
    expect(callers).toEqual(Array.from({ length: 6 }, (_, index) => [`item ${index}`, `request ${index}`, false]));
    expect(seen).toEqual([undefined, true, undefined, true, undefined, true]);
  });

  it.runIf(!mysql)('is not held up by the unit of a caller that does not wait for it', async () => {
    const shared = adding();
    let answer: Promise<string> | undefined;
    await unitOfWork.run(async () => {
      answer = shared.submit('from inside');
      await insertRows(unitOfWork, 'things', ['name', 'amount'], [['outer', 1]]);
    });
    expect(await answer).toBe('added: from inside');
    expect(await count()).toBe(2);
  });

  describe.runIf(mysql)('on MySQL', () => {
    it('is done again after a deadlock, each item once', async () => {
      await unitOfWork.run(() => insertRows(unitOfWork, 'things', ['name', 'amount'], [['left', 0], ['right', 0]]));
      const bump = (name: string): Promise<number> => changeRows(unitOfWork, 'UPDATE things SET amount = amount + 1 WHERE name = ?', [name]);
      const locked = [signal(), signal()];
      let runs = 0;
      const shared = new SharedUnit<string, string>(unitOfWork, { maxItems: 10, maxParallel }, async (names) => {
        runs++;
        await bump('left');
        locked[0]!.give();
        await locked[1]!.promise;
        await bump('right');
        return names.map((value) => ({ value }));
      });
      const other = unitOfWork.run(async () => {
        runs++;
        await bump('right');
        locked[1]!.give();
        await locked[0]!.promise;
        await bump('left');
      });
      expect(await Promise.all([shared.submit('a'), shared.submit('b'), other])).toEqual(['a', 'b', undefined]);
      expect(runs).toBe(3);
      expect(await unitOfWork.query('SELECT amount FROM things')).toEqual([{ amount: 2 }, { amount: 2 }]);
    });

    it('is not done again when the connection breaks: it may be committed', async () => {
      const seen: string[] = [];
      const shared = new SharedUnit<string, string>(unitOfWork, { maxItems: 10, maxParallel }, async (names) => {
        seen.push(...names);
        await insertRows(unitOfWork, 'things', ['name', 'amount'], names.map((name) => [name, 1]));
        const [row] = await unitOfWork.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
        unitOfWork.beforeCommit('cut', async () => {
          await open.dataSource.query(`KILL ${row!.id}`);
        });
        return names.map((value) => ({ value }));
      });
      const results = await Promise.allSettled([shared.submit('a'), shared.submit('b')]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(seen).toEqual(['a', 'b']);
    });
  });
});
