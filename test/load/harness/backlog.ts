import type { SinkStats } from '../processes/callback-sink.js';
import { arrivalOf, startSink, type Sink } from './callbacks.js';
import { closedLoop } from './closed-loop.js';
import type { Backing } from './databases.js';
import { Scope } from './scope.js';
import { type Desk, openConversations, registerCallback, startService } from './service.js';

const CONNECTIONS = 64;

/** Deliveries that wait: a process with `ROLES=api` makes them and ends, one with `ROLES=worker` sends them. */
export class Backlog {
  private desk: Desk | undefined;

  private constructor(
    private readonly env: Record<string, string>,
    private readonly endpoints: number,
    readonly sink: Sink,
  ) {}

  static async open(backing: Backing, endpoints: number, scope: Scope): Promise<Backlog> {
    return new Backlog(await backing.createEnvironment(scope), endpoints, await startSink(scope));
  }

  /** The same number for each endpoint; answers when all have arrived. */
  async drain(deliveries: number, failing: number): Promise<SinkStats> {
    const messages = Math.ceil(deliveries / this.endpoints);
    await this.fill(messages);
    await this.sink.child.call.reset(failing);
    return await Scope.run(async (scope) => {
      await startService({ ...this.env, ROLES: 'worker' }, scope);
      return await arrivalOf(messages * this.endpoints, this.sink);
    });
  }

  private async fill(messages: number): Promise<void> {
    await Scope.run(async (scope) => {
      const api = await startService({ ...this.env, ROLES: 'api' }, scope);
      if (this.desk === undefined) {
        this.desk = await openConversations(api.url);
        for (let index = 0; index < this.endpoints; index++) await registerCallback(api.url, this.sink.url, `/callbacks/${index}`);
      }
      await closedLoop({ url: api.url, connections: CONNECTIONS, count: messages, nextRequest: this.desk.nextRequest });
    });
  }
}
