import { Clock } from '../../src/kernel/clock.js';

/** The time that a test sets; it stands still in between. */
export class SetClock extends Clock {
  constructor(private atMs: number) {
    super();
  }

  now(): number {
    return this.atMs;
  }

  set(atMs: number): void {
    this.atMs = atMs;
  }
}
