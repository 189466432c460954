const WIDTH = 30;

/** A bar on a terminal; elsewhere a line for each tenth. Writes to stderr, so that results can be piped. */
export class ProgressBar {
  private readonly begunAt = performance.now();
  private lastTenth = -1;

  constructor(
    private readonly what: string,
    private readonly total: number,
  ) {}

  show(done: number): void {
    const share = this.total === 0 ? 1 : Math.min(1, done / this.total);
    const seconds = (performance.now() - this.begunAt) / 1000;
    const rate = seconds === 0 ? 0 : done / seconds;
    const left = rate === 0 ? '' : `, ${Math.ceil((this.total - done) / rate)} s left`;
    const line = `${this.what} ${String(Math.floor(share * 100)).padStart(3)} %  ${done.toLocaleString('en')} of ${this.total.toLocaleString('en')}, ${Math.round(rate).toLocaleString('en')}/s${done < this.total ? left : `, ${Math.round(seconds)} s`}`;
    if (process.stderr.isTTY) {
      const filled = Math.round(share * WIDTH);
      process.stderr.write(`\r\u001b[K[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${line}${done >= this.total ? '\n' : ''}`);
      return;
    }
    const tenth = Math.floor(share * 10);
    if (tenth === this.lastTenth) return;
    this.lastTenth = tenth;
    process.stderr.write(`${line}\n`);
  }
}
