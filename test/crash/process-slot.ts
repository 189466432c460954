import { startServer, type ServerProcess } from '../support/server-process.js';

/** One place in the installation: the process in it is killed and replaced, its port and settings stay. */
export class ProcessSlot {
  kills = 0;
  readonly startupsMs: number[] = [];
  private current: ServerProcess | undefined;

  constructor(
    readonly roles: string,
    private readonly env: Record<string, string>,
    /** Node's, where something else than `dist/main.js` is to run. */
    private readonly args?: readonly string[],
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.env.PORT}`;
  }

  async start(): Promise<void> {
    this.current = await startServer(this.env, this.args);
    this.startupsMs.push(this.current.startupMs);
  }

  /** kill -9, and a new process on the same database. */
  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** kill -9, at once; resolves when the process has ended. */
  async kill(): Promise<void> {
    const current = this.running();
    this.kills += 1;
    this.current = undefined;
    await current.kill('SIGKILL');
  }

  /** SIGSTOP and SIGCONT freeze and thaw it; what others mean is the process's own business. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.running().pid, name);
  }

  /** Ends the process with SIGTERM. Answers what is wrong: it was dead already, or did not end with 0. */
  async stop(): Promise<string[]> {
    const { current } = this;
    this.current = undefined;
    if (current === undefined) return [];
    const wasAlive = isAlive(current.pid);
    const code = await current.stop();
    const tail = current.output().slice(-600);
    if (!wasAlive) return [`the process ${this.roles} ended by itself with ${code}: ${tail}`];
    return code === 0 ? [] : [`the process ${this.roles} ended with ${code} after SIGTERM: ${tail}`];
  }

  private running(): ServerProcess {
    if (this.current === undefined) throw new Error(`No process plays ${this.roles}.`);
    return this.current;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
