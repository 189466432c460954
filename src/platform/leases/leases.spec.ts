import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../test/support/open-database.js';
import type { OpenDatabase } from '../../../test/support/open-database.js';
import { Clock } from '../../kernel/clock.js';
import { migrate } from '../database/migrate.js';
import { Leases } from './leases.js';

class SetClock extends Clock {
  time = 1_000_000;

  now(): number {
    return this.time;
  }
}

describe('a lease', () => {
  let open: OpenDatabase;
  let clock: SetClock;
  let one: Leases;
  let other: Leases;

  beforeAll(async () => {
    open = await openDatabase();
    await migrate(open.dataSource);
  });

  afterAll(() => open.close());

  beforeEach(async () => {
    await open.dataSource.query('DELETE FROM leases');
    clock = new SetClock();
    one = new Leases(open.unitOfWork, clock);
    other = new Leases(open.unitOfWork, clock);
  });

  it('has one holder, who may renew it', async () => {
    expect(await one.acquire('task', 1000)).toBe(true);
    expect(await other.acquire('task', 1000)).toBe(false);
    // At the very same moment too: MySQL would count no changed row.
    expect(await one.acquire('task', 1000)).toBe(true);
    expect(await other.acquire('another task', 1000)).toBe(true);
  });

  it('is free when its time is over, and not a moment before', async () => {
    expect(await one.acquire('task', 1000)).toBe(true);
    clock.time += 1000;
    expect(await other.acquire('task', 1000)).toBe(false);
    clock.time += 1;
    expect(await other.acquire('task', 1000)).toBe(true);
    expect(await one.acquire('task', 1000)).toBe(false);
  });

  it('lasts from the last renewal on', async () => {
    await one.acquire('task', 1000);
    clock.time += 900;
    expect(await one.acquire('task', 1000)).toBe(true);
    clock.time += 900;
    expect(await other.acquire('task', 1000)).toBe(false);
  });

  it('is taken by one of many who ask at once', async () => {
    for (let round = 0; round < 5; round++) {
      const contenders = Array.from({ length: 16 }, () => new Leases(open.unitOfWork, clock));
      const taken = await Promise.all(contenders.map((each) => each.acquire(`task ${round}`, 1000)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      clock.time += 1001;
      const again = await Promise.all(contenders.map((each) => each.acquire(`task ${round}`, 1000)));
      expect(again.filter(Boolean)).toHaveLength(1);
    }
  });

  it('survives a clock that was put back: whoever holds it may go on', async () => {
    await one.acquire('task', 1000);
    clock.time -= 60_000;
    expect(await one.acquire('task', 1000)).toBe(true);
    clock.time += 1001;
    expect(await other.acquire('task', 1000)).toBe(true);
  });
});
