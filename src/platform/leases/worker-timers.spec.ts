import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, signal } from '../../../test/support/open-database.js';
import type { OpenDatabase } from '../../../test/support/open-database.js';
import { TestClock } from '../../../test/support/test-clock.js';
import { readConfig } from '../config/config.js';
import { migrate } from '../database/migrate.js';
import { createLogger } from '../observability/logger.js';
import { Leases } from './leases.js';
import { WorkerTimers } from './worker-timers.js';

const TASK = { name: 'a task', everyMs: 5, leaseMs: 60_000, failure: 'the task failed' };

describe('the timers of a worker', () => {
  let open: OpenDatabase;
  let started: WorkerTimers[];
  let logged: Record<string, unknown>[];

  beforeAll(async () => {
    open = await openDatabase();
    await migrate(open.dataSource);
  });

  beforeEach(async () => {
    await open.dataSource.query('DELETE FROM leases');
    started = [];
    logged = [];
  });

  afterEach(async () => {
    for (const timers of started) await timers.onModuleDestroy();
  });

  afterAll(() => open.close());

  /** Those of a process of its own, which runs `work`. */
  function aProcess(work: (stopping: AbortSignal) => Promise<void>, { roles = 'worker', clock = new TestClock() } = {}): WorkerTimers {
    const logger = createLogger('error', { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) });
    const timers = new WorkerTimers(new Leases(open.unitOfWork, clock), readConfig({ ROLES: roles }), logger);
    timers.every(TASK, work);
    timers.onApplicationBootstrap();
    started.push(timers);
    return timers;
  }

  it('run a task again and again, and never twice at a time', async () => {
    let [running, most, runs] = [0, 0, 0];
    const enough = signal();
    aProcess(async () => {
      most = Math.max(most, (running += 1));
      // Longer than the time between two runs.
      await new Promise((resolve) => setTimeout(resolve, 3 * TASK.everyMs));
      running -= 1;
      if ((runs += 1) === 5) enough.give();
    });
    await enough.promise;
    expect(most).toBe(1);
  });

  it('run it in one process of several, and in another when that one no longer does', async () => {
    const clock = new TestClock();
    const [first, second] = [signal(), signal()];
    let others = 0;
    const one = aProcess(async () => first.give(), { clock });
    await first.promise;
    aProcess(async () => {
      others += 1;
      second.give();
    }, { clock });
    const again = signal();
    const three = aProcess(async () => again.give(), { clock });
    await Promise.all([one, three].map((timers) => timers.onModuleDestroy()));
    expect(others).toBe(0);
    clock.advance(TASK.leaseMs + 1);
    await second.promise;
  });

  it('go on after a failure, which is logged', async () => {
    let runs = 0;
    const again = signal();
    aProcess(async () => {
      if ((runs += 1) === 1) throw new Error('no good');
      again.give();
    });
    await again.promise;
    expect(logged).toMatchObject([{ msg: TASK.failure, err: { message: 'no good' } }]);
  });

  it('are not those of a process that is no worker', async () => {
    let idle = true;
    aProcess(async () => void (idle = false), { roles: 'api' });
    const ran = signal();
    aProcess(async () => ran.give());
    await ran.promise;
    expect(idle).toBe(true);
  });

  it('run what is each process’s own in every one, whatever it plays', async () => {
    const ran = ['api', 'worker', 'api,worker'].map((roles) => {
      const done = signal();
      const timers = new WorkerTimers(new Leases(open.unitOfWork, new TestClock()), readConfig({ ROLES: roles }), createLogger('silent'));
      timers.everyHere(TASK, async () => done.give());
      timers.onApplicationBootstrap();
      started.push(timers);
      return done.promise;
    });
    await Promise.all(ran);
    expect(await open.dataSource.query('SELECT name FROM leases')).toEqual([]);
  });

  it('stop with their process: the task is told, and waited for', async () => {
    const [begun, told] = [signal(), signal()];
    let runs = 0;
    const timers = aProcess(async (stopping) => {
      runs += 1;
      begun.give();
      await new Promise((resolve) => stopping.addEventListener('abort', resolve));
      told.give();
    });
    await begun.promise;
    await timers.onModuleDestroy();
    await told.promise;
    expect(runs).toBe(1);
  });
});
