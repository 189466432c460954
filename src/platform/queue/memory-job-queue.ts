import { AsyncLocalStorage } from 'node:async_hooks';
import { JobQueue, type JobErrorListener, type JobHandler } from './job-queue.js';
import { settlesWithin } from './settles-within.js';

/** The longest delay `setTimeout` knows; a wake that comes after 24 days instead of later does no harm. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
const LAST_MOMENT_MS = 1_000;

interface Lane {
  readonly name: string;
  handler?: JobHandler;
  concurrency: number;
  readonly waiting: Set<string>;
  readonly running: Set<string>;
  /** Woken while they ran. */
  readonly again: Set<string>;
  readonly delayed: Map<string, { readonly dueAt: number; readonly timer: NodeJS.Timeout }>;
}

export class MemoryJobQueue extends JobQueue {
  private readonly lanes = new Map<string, Lane>();
  private readonly stopping = new AbortController();
  /** A handler must not inherit the transaction or the request of whoever woke it. */
  private readonly outsideOfCaller = AsyncLocalStorage.snapshot();
  private idleListeners: Array<() => void> = [];
  private started = false;
  private dispatching = false;
  private closing?: Promise<void>;

  constructor(private readonly onError: JobErrorListener) {
    super();
  }

  override wake(name: string, key: string): void {
    if (this.closing) return;
    const lane = this.lane(name);
    if (lane.running.has(key)) {
      lane.again.add(key);
      return;
    }
    lane.waiting.add(key);
    this.dispatchSoon();
  }

  override wakeAfter(name: string, key: string, delayMs: number): void {
    if (this.closing) return;
    if (!(delayMs > 0)) return this.wake(name, key);

    const { delayed } = this.lane(name);
    const delay = Math.min(delayMs, LONGEST_DELAY_MS);
    const dueAt = Date.now() + delay;
    const pending = delayed.get(key);
    if (pending && pending.dueAt <= dueAt) return;

    clearTimeout(pending?.timer);
    const fire = () => {
      delayed.delete(key);
      this.wake(name, key);
    };
    const timer = this.outsideOfCaller(() => setTimeout(fire, delay).unref());
    delayed.set(key, { dueAt, timer });
  }

  override handle(name: string, handler: JobHandler, { concurrency }: { concurrency: number }): void {
    const lane = this.lane(name);
    if (lane.handler) throw new Error(`The job "${name}" has a handler already`);
    lane.handler = handler;
    lane.concurrency = concurrency;
    this.dispatchSoon();
  }

  override async start(): Promise<void> {
    this.started = true;
    this.dispatchSoon();
  }

  override close(graceMs: number): Promise<void> {
    return (this.closing ??= this.shutDown(graceMs));
  }

  override whenIdle(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.idleListeners.push(resolve));
  }

  override async depth(): Promise<{ waiting: number; active: number; delayed: number }> {
    const depth = { waiting: 0, active: 0, delayed: 0 };
    for (const lane of this.lanes.values()) {
      depth.waiting += lane.waiting.size + lane.again.size;
      depth.active += lane.running.size;
      depth.delayed += lane.delayed.size;
    }
    return depth;
  }

  private lane(name: string): Lane {
    let lane = this.lanes.get(name);
    if (!lane) {
      lane = { name, concurrency: 1, waiting: new Set(), running: new Set(), again: new Set(), delayed: new Map() };
      this.lanes.set(name, lane);
    }
    return lane;
  }

  private dispatchSoon(): void {
    if (this.dispatching || !this.started) return;
    this.dispatching = true;
    this.outsideOfCaller(() => setImmediate(() => this.dispatch()));
  }

  private dispatch(): void {
    this.dispatching = false;
    for (const lane of this.lanes.values()) {
      if (!lane.handler) continue;
      for (const key of lane.waiting) {
        if (lane.running.size >= lane.concurrency) break;
        lane.waiting.delete(key);
        lane.running.add(key);
        void this.run(lane, lane.handler, key);
      }
    }
  }

  private async run(lane: Lane, handler: JobHandler, key: string): Promise<void> {
    try {
      await handler(key, this.stopping.signal);
    } catch (error) {
      this.onError(error, { name: lane.name, key });
    }
    lane.running.delete(key);
    if (lane.again.delete(key)) lane.waiting.add(key);
    this.dispatchSoon();
    this.tellWhenIdle();
  }

  private async shutDown(graceMs: number): Promise<void> {
    this.forgetWaiting();
    this.tellWhenIdle();
    const finished = this.whenIdle();
    if (await settlesWithin(finished, graceMs)) return;
    this.stopping.abort();
    await settlesWithin(finished, LAST_MOMENT_MS);
  }

  private forgetWaiting(): void {
    for (const lane of this.lanes.values()) {
      for (const { timer } of lane.delayed.values()) clearTimeout(timer);
      lane.delayed.clear();
      lane.waiting.clear();
      lane.again.clear();
    }
  }

  private tellWhenIdle(): void {
    if (!this.isIdle()) return;
    const listeners = this.idleListeners;
    this.idleListeners = [];
    for (const listener of listeners) listener();
  }

  private isIdle(): boolean {
    for (const lane of this.lanes.values()) {
      if (lane.waiting.size > 0 || lane.running.size > 0) return false;
    }
    return true;
  }
}
