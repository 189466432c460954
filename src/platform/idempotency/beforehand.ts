import { AsyncLocalStorage } from 'node:async_hooks';
import type { UnitOfWork } from '../database/unit-of-work.js';

/** A request that does each time something else is not begun again for ever. */
const MAX_RESULTS = 8;

/** Goes through the request to where it was begun, and through its unit, which rolls back. Shows nothing of the work: it may be logged. */
class NotDoneYet extends Error {
  readonly #key: string;
  readonly #work: () => Promise<unknown>;

  constructor(key: string, work: () => Promise<unknown>) {
    super('Something has to be done before the unit of work is opened: this must not be caught.');
    this.#key = key;
    this.#work = work;
  }

  async finish(results: Map<string, unknown>): Promise<void> {
    results.set(this.#key, await this.#work());
  }
}

/**
 * Keeps what takes long and needs no database, such as the hashing of a password, out of the unit of work in which a
 * whole request runs: on SQLite all other changes wait for that unit. The unit is given up, the work is done, and the
 * request begins again, as after a deadlock, this time with the result at hand.
 */
export class Beforehand {
  private readonly requests = new AsyncLocalStorage<Map<string, unknown>>();

  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Begins `request`, and again after each piece of work that it had to wait for. */
  async run<T>(request: () => Promise<T>): Promise<T> {
    const results = new Map<string, unknown>();
    for (;;) {
      try {
        return await this.requests.run(results, request);
      } catch (error) {
        if (!(error instanceof NotDoneYet)) throw error;
        await error.finish(results);
      }
    }
  }

  /** The result of `work`; the same for the same key within a request. */
  async do<T>(key: string, work: () => Promise<T>): Promise<T> {
    const results = this.requests.getStore();
    if (results === undefined || !this.unitOfWork.isOpen) return work();
    if (results.has(key)) return results.get(key) as T;
    if (results.size >= MAX_RESULTS) return work();
    throw new NotDoneYet(key, work);
  }
}
