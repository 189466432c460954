type Close = () => unknown;

const open = new Set<Scope>();

/** What was started inside is closed at its end, last first, also when it fails or the run is interrupted. */
export class Scope {
  private static isInterrupted = false;
  private readonly closers: Close[] = [];
  private closing: Promise<void> | undefined;

  static async run<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = new Scope();
    open.add(scope);
    try {
      return await work(scope);
    } finally {
      await scope.close();
    }
  }

  /** For an interrupted run: what cannot be closed any more has ended on its own. */
  static async closeAll(): Promise<void> {
    Scope.isInterrupted = true;
    for (const scope of [...open].toReversed()) await scope.close();
  }

  defer(close: Close): void {
    this.closers.push(close);
  }

  private close(): Promise<void> {
    return (this.closing ??= this.closeEach());
  }

  private async closeEach(): Promise<void> {
    for (let close = this.closers.pop(); close; close = this.closers.pop()) {
      try {
        await close();
      } catch (error) {
        if (!Scope.isInterrupted) console.error('While cleaning up:', error);
      }
    }
    open.delete(this);
  }
}
