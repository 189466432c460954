import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestPlaces } from './request-places.js';
import type { Place } from './request-places.js';

const PLACES = 64;

describe('places for requests', () => {
  let now: number;
  let idle: number;
  let places: RequestPlaces;
  const never = (): Promise<void> => new Promise(() => undefined);
  const take = (): Promise<Place | null> => Promise.resolve(places.take(never));
  const takeAll = (): Promise<(Place | null)[]> => Promise.all(Array.from({ length: PLACES }, take));

  beforeEach(() => {
    vi.useFakeTimers();
    now = idle = 0;
    places = new RequestPlaces(() => ({ now, idle }));
  });
  afterEach(() => vi.useRealTimers());

  it('go to those that have waited longest when one is given back, once', async () => {
    const [first] = await takeAll();
    const order: string[] = [];
    void take().then(() => order.push('waited longest'));
    void take().then(() => order.push('came later'));
    places.giveBack(first!);
    places.giveBack(first!);
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['waited longest']);
  });

  it('are not waited for when there is another way', async () => {
    const [first] = await takeAll();
    expect(await places.take(() => Promise.resolve())).toBeNull();
    const next = take();
    places.giveBack(first!);
    expect(await next).not.toBeNull();
  });

  it.each([
    ['the process has been idle for a while', { now: 30, idle: 20 }],
    ['their requests hang, however busy the process is', { now: 250, idle: 0 }],
  ])('are given to others when %s', async (_, later) => {
    await takeAll();
    let taken = false;
    void take().then(() => (taken = true));
    now = later.now - 1;
    idle = Math.max(0, later.idle - 1);
    await vi.advanceTimersByTimeAsync(100);
    expect(taken).toBe(false);
    ({ now, idle } = later);
    await vi.advanceTimersByTimeAsync(100);
    expect(taken).toBe(true);
  });

  it('let no timer run when nobody waits', async () => {
    const [first] = await takeAll();
    const next = take();
    places.giveBack(first!);
    await next;
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(0);
  });
});
