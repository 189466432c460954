import type { Logger } from 'pino';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { Counters } from './counters.js';
import type { Count } from './counters.js';

/** Longer than Redis ever takes when it is well, and no more than a caller would notice. */
const TIMEOUT_MS = 250;
/** While the shared counters are away, one count is tried on them after this time. */
const RETRY_MS = 1000;

/**
 * Counts in shared counters, and in those of this process while the shared ones cannot be asked: the service goes on,
 * and each instance allows what all of them would have allowed together.
 */
export class InsuredCounters extends Counters {
  private insured = false;
  private retryAt = 0;
  private readonly gauge: Gauge;

  constructor(
    private readonly shared: Counters,
    private readonly own: Counters,
    private readonly logger: Logger,
    registry: Registry,
  ) {
    super();
    this.gauge = new Gauge({
      name: 'crossdesk_rate_limiter_insured',
      help: '1 while Redis is away and this process counts for its rate limits alone',
      registers: [registry],
    });
  }

  count(key: string, windowSeconds: number): Promise<Count> {
    return this.ask((counters) => counters.count(key, windowSeconds));
  }

  read(key: string): Promise<Count | null> {
    return this.ask((counters) => counters.read(key));
  }

  forget(key: string): Promise<void> {
    return this.ask((counters) => counters.forget(key));
  }

  private async ask<T>(question: (counters: Counters) => Promise<T>): Promise<T> {
    if (this.insured) {
      if (performance.now() < this.retryAt) return question(this.own);
      // Set before the answer comes: one request waits for it, and not all.
      this.retryAt = performance.now() + RETRY_MS;
    }
    try {
      const answer = await withinTime(question(this.shared));
      this.resume();
      return answer;
    } catch (error) {
      this.insure(error);
      return question(this.own);
    }
  }

  private insure(error: unknown): void {
    this.retryAt = performance.now() + RETRY_MS;
    if (this.insured) return;
    this.insured = true;
    this.gauge.set(1);
    this.logger.warn({ err: error }, 'rate limits cannot be shared through Redis; each process counts for itself');
  }

  private resume(): void {
    if (!this.insured) return;
    this.insured = false;
    this.gauge.set(0);
    this.logger.info('rate limits are shared through Redis again');
  }
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
