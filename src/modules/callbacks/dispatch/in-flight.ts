/** Counts what is under way; waiting for it costs one promise, where Promise.race would cost one for each piece of work. */
export class InFlight {
  private count = 0;
  private waiting: (() => void)[] = [];

  get size(): number {
    return this.count;
  }

  /** `work` deals with its own errors. */
  add(work: Promise<unknown>): void {
    this.count++;
    const end = (): void => {
      this.count--;
      const waiting = this.waiting;
      this.waiting = [];
      for (const wake of waiting) wake();
    };
    work.then(end, end);
  }

  /** Resolves when fewer than `limit` are under way. */
  async below(limit: number): Promise<void> {
    while (this.count >= limit) await this.change();
  }

  /** Resolves when the next one ends. */
  change(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
