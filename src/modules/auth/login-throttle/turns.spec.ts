import { describe, expect, it } from 'vitest';
import { waitSecondsAfter } from './login-throttle.js';
import { Turns } from './turns.js';

describe('turns', () => {
  it('let as many work on a key at a time, in order, and others beside them', async () => {
    const turns = new Turns(2);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const work = (name: string) => (): Promise<string> => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, () => resolve(name)));
    };
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) => turns.take('a', work(name)));
    all.push(turns.take('b', work('b1')));
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    ends.get('a2')!();
    await expect.poll(() => begun).toEqual(['a1', 'a2', 'b1', 'a3']);
    for (const name of ['a1', 'a3', 'b1']) ends.get(name)!();
    await expect.poll(() => begun.at(-1)).toBe('a4');
    ends.get('a4')!();
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1']);
  });

  it('go on after work that failed', async () => {
    const turns = new Turns(1);
    const results = await Promise.allSettled([
      turns.take('a', () => Promise.reject(new Error('no'))),
      turns.take('a', async () => 'yes'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await turns.take('a', async () => 'again')).toBe('again');
  });
});

describe('how long an account waits', () => {
  it('begins with the tenth failure and doubles up to a quarter of an hour', () => {
    expect([1, 9, 10, 11, 12, 13, 14, 15, 16, 17, 100].map(waitSecondsAfter)).toEqual([0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]);
  });
});
