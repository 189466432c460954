import { Clock } from '../../src/kernel/clock.js';

/** The real time, until a test moves it on: timers keep the real time, decisions follow this one. */
export class TestClock extends Clock {
  private aheadMs = 0;

  now(): number {
    return Date.now() + this.aheadMs;
  }

  advance(ms: number): void {
    this.aheadMs += ms;
  }
}
