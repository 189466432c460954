export interface Job {
  readonly name: string;
  /** What the work is about, an endpoint id for instance; one key never runs twice at a time. */
  readonly key: string;
}

/** `signal` aborts when the queue is closing and its patience is over. */
export type JobHandler = (key: string, signal: AbortSignal) => Promise<void>;

export type JobErrorListener = (error: unknown, context: Partial<Job>) => void;

/**
 * Wakes up work, and does nothing else: at least once, in no particular order; forgotten on a crash
 * when held in memory, and with Redis when Redis loses its data. Whoever enqueues must be able to find
 * the work again in the database. A handler may find nothing to do: wakes can be doubled or stale.
 *
 * "Never two runs of a key at a time" holds among all processes while Redis keeps its data. A process
 * that froze for longer than its lock, or Redis emptied under a running handler, can let another
 * process run the key: claims must be rows.
 */
export abstract class JobQueue {
  /**
   * Runs `name` for `key` soon, in whichever process handles it. At most one run waits and one runs;
   * wakes during a run lead to one more (with Redis those of its last millisecond to one of their own).
   * Never throws and never waits: what goes wrong afterwards is told to the error listener and healed by
   * the sweeper.
   */
  abstract wake(name: string, key: string): void;

  /**
   * Wakes about `delayMs` milliseconds from now. One delayed wake per key is pending, the earliest;
   * it does not hold back an immediate one, and when it fires it is an ordinary wake.
   */
  abstract wakeAfter(name: string, key: string, delayMs: number): void;

  /** Registers the only handler of a name. `concurrency`: how many keys run at a time in this process. */
  abstract handle(name: string, handler: JobHandler, options: { concurrency: number }): void;

  /** Begins to run handlers; a process that only wakes never calls it. Does not wait for Redis. */
  abstract start(): Promise<void>;

  /**
   * Takes no more jobs and waits up to `graceMs` for those that run; then aborts their signal and gives
   * them a last moment. Returns also when Redis is away or a handler never ends.
   */
  abstract close(graceMs: number): Promise<void>;

  /** For tests: resolves when nothing waits and nothing runs; pending delayed wakes do not count. */
  abstract whenIdle(): Promise<void>;

  /** How many jobs of the names known here wait, run, and are delayed. An estimate for metrics. */
  abstract depth(): Promise<{ waiting: number; active: number; delayed: number }>;
}
