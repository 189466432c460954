/** How many commands may be under way at a time; preparing one costs about 0.1 ms of this thread. */
const BATCH = 64;

export interface WakeSender {
  now(key: string): Promise<void>;
  at(key: string, dueAt: number): Promise<void>;
}

/**
 * Collects the wakes of one name, so that a call costs a look-up in memory, and a key has one command
 * under way and one to follow, however often it is woken. Neither method of the sender may reject.
 */
export class WakeBuffer {
  private readonly wakes = new Set<string>();
  private readonly delayed = new Map<string, number>();
  private sending?: Promise<void>;

  constructor(private readonly sender: WakeSender) {}

  get isEmpty(): boolean {
    return this.sending === undefined;
  }

  wake(key: string): void {
    this.wakes.add(key);
    this.sending ??= this.send();
  }

  wakeAt(key: string, dueAt: number): void {
    const earlier = this.delayed.get(key);
    if (earlier !== undefined && earlier <= dueAt) return;
    this.delayed.set(key, dueAt);
    this.sending ??= this.send();
  }

  async sent(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    // The caller goes on first; what it wakes in the same turn is sent together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.wakes.size + this.delayed.size > 0) await Promise.all(this.sendBatch());
    this.sending = undefined;
  }

  private sendBatch(): Promise<void>[] {
    const batch: Promise<void>[] = [];
    for (const key of this.wakes) {
      if (batch.length >= BATCH) return batch;
      this.wakes.delete(key);
      batch.push(this.sender.now(key));
    }
    for (const [key, dueAt] of this.delayed) {
      if (batch.length >= BATCH) return batch;
      this.delayed.delete(key);
      batch.push(this.sender.at(key, dueAt));
    }
    return batch;
  }
}
