import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WakeBuffer } from './wake-buffer.js';

function aBuffer(answerMs = 0) {
  const sent: string[] = [];
  const underWay = new Map<string, number>();
  const seen = { most: 0, mostOfAKey: 0 };
  const send = async (key: string) => {
    sent.push(key);
    underWay.set(key, (underWay.get(key) ?? 0) + 1);
    seen.mostOfAKey = Math.max(seen.mostOfAKey, underWay.get(key) ?? 0);
    seen.most = Math.max(seen.most, [...underWay.values()].reduce((sum, count) => sum + count, 0));
    if (answerMs > 0) await sleep(answerMs);
    underWay.set(key, (underWay.get(key) ?? 0) - 1);
  };
  const buffer = new WakeBuffer({ now: send, at: (key, dueAt) => send(`${key}@${dueAt}`) });
  return { buffer, sent, seen };
}

describe('WakeBuffer', () => {
  it('sends the wakes of one turn as one, after the caller went on', async () => {
    const { buffer, sent } = aBuffer();
    for (let i = 0; i < 1_000; i++) buffer.wake('a');
    buffer.wake('b');
    expect(sent).toEqual([]);
    await buffer.sent();
    expect(sent).toEqual(['a', 'b']);
    expect(buffer.isEmpty).toBe(true);
  });

  it('has one command of a key under way, and one to follow', async () => {
    const { buffer, sent, seen } = aBuffer(20);
    buffer.wake('a');
    while (sent.length === 0) await sleep(1);
    for (let i = 0; i < 1_000; i++) buffer.wake('a');
    await buffer.sent();
    expect(sent).toEqual(['a', 'a']);
    expect(seen.mostOfAKey).toBe(1);
  });

  it('sends many keys in batches', async () => {
    const { buffer, sent, seen } = aBuffer(1);
    for (let i = 0; i < 1_000; i++) buffer.wake(`${i}`);
    await buffer.sent();
    expect(new Set(sent).size).toBe(1_000);
    expect(seen.most).toBeLessThanOrEqual(64);
  });

  it('keeps the earliest time of a key', async () => {
    const { buffer, sent } = aBuffer();
    for (const dueAt of [30, 10, 20]) buffer.wakeAt('a', dueAt);
    await buffer.sent();
    expect(sent).toEqual(['a@10']);
  });

  it('forgets no wake that comes while it finishes', async () => {
    const { buffer, sent } = aBuffer();
    for (let ticks = 0; ticks < 50; ticks++) {
      sent.length = 0;
      buffer.wake('a');
      await new Promise((resolve) => setImmediate(resolve));
      for (let i = 0; i < ticks; i++) await Promise.resolve();
      buffer.wake('b');
      await buffer.sent();
      expect(sent).toEqual(['a', 'b']);
    }
  });
});
