/** Lets one writer in at a time, first come first served: SQLite has one writing connection. */
export class WriteGate {
  private tail: Promise<void> = Promise.resolve();

  async enter(): Promise<() => void> {
    const before = this.tail;
    let leave!: () => void;
    this.tail = new Promise((resolve) => (leave = resolve));
    await before;
    return leave;
  }
}
