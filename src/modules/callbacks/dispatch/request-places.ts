/** Requests that a process has under way beyond the first of each endpoint, as long as it has no time to spare. */
const PLACES = 64;
const LOOK_MS = 10;
/** A place is free again when its request has ended, when this process has been idle for so long meanwhile, or after so long in any case. */
const IDLE_MS = 20;
const LONGEST_MS = 250;

/** Milliseconds, neither of which goes back. */
interface Spent {
  now: number;
  idle: number;
}

export type Place = Spent;

/**
 * Keeps a busy process from opening ever more connections, which make it slower, and its receivers too. A process that
 * waits for slow receivers is idle meanwhile, and hands out more; those that hang hold up nobody for long.
 */
export class RequestPlaces {
  /** In the order in which they were taken. */
  private readonly taken = new Set<Place>();
  private readonly waiting = new Set<(place: Place | null) => void>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly spent: () => Spent = timeOfProcess) {}

  /** First come first served. Null when `otherwise` resolved before: then none was taken. */
  take(otherwise: () => Promise<void>): Place | Promise<Place | null> {
    if (this.waiting.size === 0 && this.taken.size < PLACES) return this.occupy();
    this.timer ??= setTimeout(() => this.look(), LOOK_MS);
    return new Promise((resolve) => {
      this.waiting.add(resolve);
      void otherwise().then(() => {
        if (this.waiting.delete(resolve)) resolve(null);
      });
    });
  }

  giveBack(place: Place): void {
    if (this.taken.delete(place)) this.serve();
  }

  private occupy(): Place {
    const place = this.spent();
    this.taken.add(place);
    return place;
  }

  private serve(): void {
    for (const resolve of this.waiting) {
      if (this.taken.size >= PLACES) return;
      this.waiting.delete(resolve);
      resolve(this.occupy());
    }
  }

  private look(): void {
    const { now, idle } = this.spent();
    for (const place of this.taken) {
      if (now - place.now < LONGEST_MS && idle - place.idle < IDLE_MS) break;
      this.taken.delete(place);
    }
    this.serve();
    this.timer = this.waiting.size === 0 ? undefined : setTimeout(() => this.look(), LOOK_MS);
  }
}

function timeOfProcess(): Spent {
  return { now: performance.now(), idle: performance.eventLoopUtilization().idle };
}
