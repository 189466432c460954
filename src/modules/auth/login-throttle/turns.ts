interface Line {
  running: number;
  waiting: (() => void)[];
}

/**
 * Lets a few do their work for a key at a time, the others after them in the order in which they came. What is decided
 * by what others have done before is decided in turn: of many at once each would find that nothing has happened yet.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly width: number) {}

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(key) ?? { running: 0, waiting: [] };
    this.lines.set(key, line);
    if (line.running < this.width) line.running++;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.pass(key, line);
    }
  }

  /** Whoever waits takes over the place. */
  private pass(key: string, line: Line): void {
    const next = line.waiting.shift();
    if (next !== undefined) return next();
    line.running--;
    if (line.running === 0) this.lines.delete(key);
  }
}
