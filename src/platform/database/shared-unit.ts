import { AsyncLocalStorage } from 'node:async_hooks';
import { DomainError } from '../../kernel/domain-error.js';
import { isConnectionLost, isUnavailable } from './unique-violation.js';
import type { UnitOfWork } from './unit-of-work.js';

export type Outcome<R> = { value: R } | { error: unknown };

export interface SharedUnitOptions<I> {
  /** How many items one transaction takes at the most. */
  maxItems: number;
  /** How many transactions run at a time. */
  maxParallel: number;
  /**
   * While units are large, the next one waits so long for its items, so that fewer commits do the same work. Nothing
   * waits while there is little to do.
   */
  lingerMs?: number;
  /** For how many an item counts; for one where it is not said. One that is too large for any unit goes alone. */
  sizeOf?: (item: I) => number;
  /**
   * What an item locks. While a unit has an item of a key, others of the same key wait for its end: they would wait for
   * its lock anyway, and so their effects after the commit keep the order of the commits.
   */
  keyOf?: (item: I) => string;
}

interface Waiting<I, R> {
  item: I;
  resolve: (value: R) => void;
  reject: (error: unknown) => void;
}

const MAX_WAITING = 10_000;
/** Units of this size are large: they are worth waiting for. */
const LINGER_FROM = 16;

function overloaded(): DomainError {
  return new DomainError('unavailable', 'service.overloaded', 'More is waiting for the database than it can take; try again later.');
}

/**
 * Lets concurrent requests share one transaction: while a commit is under way the next items gather, and then go
 * together. `handle` answers each item on its own, so that one that cannot be done does not fail its neighbours; when
 * the transaction itself fails, each item is run again alone, unless nobody knows whether it has been committed.
 */
export class SharedUnit<I, R> {
  private waiting: Waiting<I, R>[] = [];
  private running = 0;
  private readonly busyKeys = new Set<string>();
  private scheduled = false;
  private lastSize = 0;
  private lingering: NodeJS.Timeout | undefined;
  /** A unit for many must not inherit the transaction or the request of the one who happened to come first. */
  private readonly outsideOfCaller = AsyncLocalStorage.snapshot();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly options: SharedUnitOptions<I>,
    private readonly handle: (items: readonly I[]) => Promise<Outcome<R>[]>,
  ) {}

  /** Rejects with `service.overloaded` when more is waiting than the database can take within a reasonable time. */
  submit(item: I): Promise<R> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(overloaded());
    return new Promise<R>((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.lingering !== undefined && this.waiting.length >= this.options.maxItems) this.endLinger();
      else this.schedule();
    });
  }

  /** Waits for the end of this turn of the event loop, so that requests that arrived together go together. */
  private schedule(): void {
    if (this.scheduled || this.running >= this.options.maxParallel) return;
    this.scheduled = true;
    const { lingerMs = 0, maxItems } = this.options;
    const busy = lingerMs > 0 && this.lastSize >= LINGER_FROM && this.waiting.length < maxItems;
    this.outsideOfCaller(() => {
      if (busy) this.lingering = setTimeout(() => this.endLinger(), lingerMs);
      else setImmediate(() => this.begin());
    });
  }

  private endLinger(): void {
    clearTimeout(this.lingering);
    this.lingering = undefined;
    this.outsideOfCaller(() => this.begin());
  }

  private begin(): void {
    if (this.waiting.some((waiting) => this.isFree(waiting))) void this.runNext();
    else this.scheduled = false;
  }

  private async runNext(): Promise<void> {
    this.running++;
    const batch: Waiting<I, R>[] = [];
    try {
      // Taken when the unit has begun: what arrives while it waits for its turn to write goes along. One that runs again has its own.
      const outcomes = await this.unitOfWork.run(() => this.handleAll(batch.length === 0 ? this.take(batch) : batch));
      batch.forEach((waiting, index) => settle(waiting, outcomes[index]!));
    } catch (error) {
      await this.fail(batch.length === 0 ? this.take(batch) : batch, error);
    } finally {
      this.running--;
      for (const key of this.keysOf(batch)) this.busyKeys.delete(key);
      if (this.waiting.length > 0) this.schedule();
    }
  }

  private take(batch: Waiting<I, R>[]): Waiting<I, R>[] {
    const { maxItems, sizeOf = () => 1 } = this.options;
    const later: Waiting<I, R>[] = [];
    let taken = 0;
    for (const [index, waiting] of this.waiting.entries()) {
      const size = sizeOf(waiting.item);
      if (taken > 0 && taken + size > maxItems) {
        later.push(...this.waiting.slice(index));
        break;
      }
      if (this.isFree(waiting)) {
        batch.push(waiting);
        taken += size;
      } else {
        later.push(waiting);
      }
    }
    this.waiting = later;
    for (const key of this.keysOf(batch)) this.busyKeys.add(key);
    this.lastSize = batch.length;
    this.scheduled = false;
    if (this.waiting.length > 0) this.schedule();
    return batch;
  }

  private isFree({ item }: Waiting<I, R>): boolean {
    const { keyOf } = this.options;
    return keyOf === undefined || !this.busyKeys.has(keyOf(item));
  }

  private keysOf(batch: readonly Waiting<I, R>[]): string[] {
    const { keyOf } = this.options;
    return keyOf === undefined ? [] : batch.map(({ item }) => keyOf(item));
  }

  /** Runs each of them again alone: one may have failed the others. */
  private async fail(batch: readonly Waiting<I, R>[], error: unknown): Promise<void> {
    // Where the connection broke the batch may be committed all the same: run again it could be there twice.
    if (batch.length === 1 || isConnectionLost(error) || isUnavailable(error)) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const waiting of batch) {
      try {
        const [outcome] = await this.unitOfWork.run(() => this.handleAll([waiting]));
        settle(waiting, outcome!);
      } catch (alone) {
        waiting.reject(alone);
      }
    }
  }

  private async handleAll(batch: readonly Waiting<I, R>[]): Promise<Outcome<R>[]> {
    const outcomes = await this.handle(batch.map(({ item }) => item));
    if (outcomes.length !== batch.length) throw new Error('A shared unit answers each of its items.');
    return outcomes;
  }
}

function settle<I, R>({ resolve, reject }: Waiting<I, R>, outcome: Outcome<R>): void {
  if ('error' in outcome) reject(outcome.error);
  else resolve(outcome.value);
}
