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

/** A time that moves only when a test moves it. */
export class StandingClock extends Clock {
  private at = Date.now();

  now(): number {
    return this.at;
  }

  advance(ms: number): void {
    this.at += ms;
  }
}
