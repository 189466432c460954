export interface Count {
  /** What was counted in the present window, the last one included. */
  used: number;
  /** Milliseconds to the end of the window. */
  resetMs: number;
}

/**
 * Counts what happens in windows of time: a window begins with the first count of its key and ends after its length,
 * and with it the count. Each count is a number that no other has, however many come at once; where instances share a
 * Redis, on whichever of them. What was counted can be forgotten: in memory with the process, in Redis with Redis.
 */
export abstract class Counters {
  /** The length counts where the window begins with this; one day at the most. */
  abstract count(key: string, windowSeconds: number): Promise<Count>;
  /** Null when there is no window. */
  abstract read(key: string): Promise<Count | null>;
  abstract forget(key: string): Promise<void>;
}

/** Timers of Node take no more than 24 days; a day is enough for a limit. */
export const MAX_WINDOW_SECONDS = 86_400;

/** Limits differ from key to key, so the library counts only, and whoever asks compares. */
export const NO_LIMIT = Number.MAX_SAFE_INTEGER;
