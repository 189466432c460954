import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker, type Job as BullJob } from 'bullmq';
import { JobQueue, type Job, type JobErrorListener, type JobHandler } from './job-queue.js';
import { RedisConnections } from './redis-connections.js';
import { settlesWithin } from './settles-within.js';
import { WakeBuffer } from './wake-buffer.js';

/** A job that calls the handler, and one that waits for its time and then only adds the former. */
const RUN = 'run';
const REWAKE = 'rewake';

/** Short, since wakes of a key are held back while a crashed process seems to run it; a double run is harmless. */
const LOCK_MS = 6_000;
const LAST_MOMENT_MS = 1_000;
const ANSWER_MS = 2_000;
const REPEATED_ERROR_MS = 10_000;
const KEPT_FAILURES = 100;
const KEPT_EVENTS = 100;

export interface BullMqJobQueueOptions {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly onError: JobErrorListener;
  /** A running job's lock, renewed at half of it; a crashed process's jobs run again after one to two of it. */
  readonly lockMs?: number;
}

export class BullMqJobQueue extends JobQueue {
  private readonly lanes = new Map<string, Lane>();
  private readonly redis: RedisConnections;
  private readonly stopping = new AbortController();
  private readonly reportedAt = new Map<string, number>();
  private started = false;
  private closed = false;
  private closing?: Promise<void>;

  constructor(private readonly options: BullMqJobQueueOptions) {
    super();
    this.redis = new RedisConnections(options.redisUrl, (error) => this.report(error));
  }

  override wake(name: string, key: string): void {
    if (!this.closed) this.lane(name).buffer.wake(key);
  }

  override wakeAfter(name: string, key: string, delayMs: number): void {
    if (!(delayMs > 0)) return this.wake(name, key);
    if (!this.closed) this.lane(name).buffer.wakeAt(key, Date.now() + Math.ceil(delayMs));
  }

  override handle(name: string, handler: JobHandler, { concurrency }: { concurrency: number }): void {
    const lane = this.lane(name);
    lane.handle(handler, concurrency);
    if (this.started) lane.start();
  }

  override async start(): Promise<void> {
    if (this.started || this.closing) return;
    this.started = true;
    for (const lane of this.lanes.values()) lane.start();
  }

  override close(graceMs: number): Promise<void> {
    return (this.closing ??= this.shutDown(graceMs));
  }

  override async whenIdle(): Promise<void> {
    while (!this.closed) {
      await Promise.all(this.allLanes().map((lane) => lane.buffer.sent()));
      const { waiting, active } = await this.count();
      // Looked at after Redis answered: what a handler woke before it ended is in the buffer or in Redis.
      if (waiting + active === 0 && this.allLanes().every((lane) => lane.isQuiet)) return;
      await sleep(5);
    }
  }

  override async depth(): Promise<{ waiting: number; active: number; delayed: number }> {
    const counted = this.count();
    if (await settlesWithin(counted, ANSWER_MS)) return counted;
    throw new Error('Redis does not answer');
  }

  /** What BullMQ knows each name as, for looking at them. */
  get queues(): Queue<string>[] {
    return this.allLanes().map((lane) => lane.queue);
  }

  private lane(name: string): Lane {
    let lane = this.lanes.get(name);
    if (!lane) {
      lane = new Lane(name, this.redis, this.options, this.stopping.signal, (error, job) => this.report(error, job));
      this.lanes.set(name, lane);
    }
    return lane;
  }

  private allLanes(): Lane[] {
    return [...this.lanes.values()];
  }

  private async count(): Promise<{ waiting: number; active: number; delayed: number }> {
    const depth = { waiting: 0, active: 0, delayed: 0 };
    for (const counts of await Promise.all(this.allLanes().map((lane) => lane.count()))) {
      depth.waiting += counts.waiting ?? 0;
      depth.active += counts.active ?? 0;
      depth.delayed += counts.delayed ?? 0;
    }
    return depth;
  }

  /** While Redis is away every connection and every loop tells the same several times a second. */
  private report(error: unknown, context: Partial<Job> = {}): void {
    if (this.closed) return;
    const kind = `${context.name} ${error instanceof Error && 'code' in error ? error.code : error}`;
    const now = Date.now();
    if (now - (this.reportedAt.get(kind) ?? 0) < REPEATED_ERROR_MS) return;
    if (this.reportedAt.size >= 1_000) this.reportedAt.clear();
    this.reportedAt.set(kind, now);
    this.options.onError(error, context);
  }

  private async shutDown(graceMs: number): Promise<void> {
    const lanes = this.allLanes();
    const stopped = Promise.all(lanes.map((lane) => lane.stop()));
    if (!(await this.finishes(stopped, graceMs))) {
      this.stopping.abort();
      await this.finishes(stopped, LAST_MOMENT_MS);
    }
    // Until here running handlers could wake, a pump its own next one for instance.
    this.closed = true;
    if (this.redis.status === 'ready') {
      await settlesWithin(Promise.all(lanes.map((lane) => lane.leave())), LAST_MOMENT_MS);
    }
    this.redis.release();
  }

  /** BullMQ stops when Redis has confirmed it, which without Redis is never: handlers are what is worth waiting for. */
  private async finishes(stopped: Promise<unknown>, ms: number): Promise<boolean> {
    const deadline = Date.now() + ms;
    let lastBusyAt = Date.now();
    for (;;) {
      const now = Date.now();
      if (await settlesWithin(stopped, Math.max(0, Math.min(50, deadline - now)))) return true;
      if (this.allLanes().some((lane) => lane.isRunning)) lastBusyAt = now;
      else if (now - lastBusyAt >= LAST_MOMENT_MS) return true;
      if (now >= deadline) return false;
    }
  }
}

/** One name: a BullMQ queue, and a worker where it is handled. */
class Lane {
  readonly buffer = new WakeBuffer({
    now: (key) => this.tell(key, this.add(key)),
    at: (key, dueAt) => this.tell(key, this.addDelayed(key, dueAt)),
  });
  readonly queue: Queue<string>;
  private worker?: Worker<string>;
  private handler?: JobHandler;
  private concurrency = 1;
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly name: string,
    private readonly redis: RedisConnections,
    private readonly options: BullMqJobQueueOptions,
    private readonly signal: AbortSignal,
    private readonly report: JobErrorListener,
  ) {
    this.queue = new Queue<string>(name, {
      connection: redis,
      prefix: options.prefix,
      streams: { events: { maxLen: KEPT_EVENTS } },
    });
    this.queue.on('error', (error) => report(error, { name }));
  }

  get isRunning(): boolean {
    return this.running.size > 0;
  }

  get isQuiet(): boolean {
    return this.buffer.isEmpty && !this.isRunning;
  }

  handle(handler: JobHandler, concurrency: number): void {
    if (this.handler) throw new Error(`The job "${this.name}" has a handler already`);
    this.handler = handler;
    this.concurrency = concurrency;
  }

  start(): void {
    const { handler } = this;
    if (!handler || this.worker) return;
    const lockMs = this.options.lockMs ?? LOCK_MS;
    this.worker = new PacedWorker(this.name, (job) => this.process(job, handler), {
      connection: this.redis,
      prefix: this.options.prefix,
      concurrency: this.concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      // A job of a crashed process runs again, however often: failing it would lose a wake.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 1_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: KEPT_FAILURES },
    });
    this.worker.on('error', (error) => this.report(error, { name: this.name }));
  }

  count(): Promise<Record<string, number>> {
    return this.queue.getJobCounts('waiting', 'active', 'delayed');
  }

  async stop(): Promise<void> {
    await this.worker?.close();
  }

  async leave(): Promise<void> {
    await this.buffer.sent();
    await this.queue.close();
  }

  private async process(job: BullJob<string>, handler: JobHandler): Promise<void> {
    if (job.name === RUN) return this.run(job.data, handler);
    // Freed before the wake: a handler that this wake starts may set the next delayed one.
    await job.removeDeduplicationKey();
    await this.add(job.data);
  }

  private async run(key: string, handler: JobHandler): Promise<void> {
    // Deduplication keeps runs of a key apart until Redis loses its data under one of them.
    const before = this.running.get(key);
    const run = (async () => {
      await before?.catch(() => {});
      await handler(key, this.signal);
    })();
    this.running.set(key, run);
    try {
      await run;
    } catch (error) {
      this.options.onError(error, { name: this.name, key });
      // Again for BullMQ, which lists it among the failed; it reads properties of what is thrown.
      throw error instanceof Error ? error : new Error(String(error));
    } finally {
      if (this.running.get(key) === run) this.running.delete(key);
    }
  }

  /**
   * A waiting job of the key swallows the new one; a running one makes BullMQ add it, atomically, at
   * the moment the run ends. Ids of our own: BullMQ's counter begins again at 1 when Redis is emptied,
   * and a new job would be mistaken for one that still runs.
   */
  private async add(key: string): Promise<void> {
    await this.queue.add(RUN, key, {
      jobId: randomUUID(),
      deduplication: { id: `${RUN}:${key}`, keepLastIfActive: true },
    });
  }

  /** The first delayed job stays, unless it is later than this one: then exactly that one is removed. */
  private async addDelayed(key: string, dueAt: number): Promise<void> {
    const jobId = randomUUID();
    for (let attempt = 1; attempt <= 5; attempt++) {
      const delay = Math.max(1, dueAt - Date.now());
      const { id } = await this.queue.add(REWAKE, key, { jobId, delay, deduplication: { id: `${REWAKE}:${key}` } });
      if (!id || id === jobId) return;
      const pending = await this.queue.getJob(id);
      if (!pending) continue;
      if (pending.timestamp + (pending.opts.delay ?? 0) <= dueAt) return;
      await this.queue.remove(id);
    }
    throw new Error('Another process kept changing the delayed wake');
  }

  private async tell(key: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.report(error, { name: this.name, key });
    }
  }
}

/** BullMQ fetches again at once when Redis refuses (out of memory, read-only): one core would do nothing else. */
class PacedWorker extends Worker<string> {
  protected override async moveToActive(token: string, name?: string) {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await sleep(1_000, undefined, { ref: false });
      throw error;
    }
  }
}
