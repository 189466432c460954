import type { SinkStats } from '../processes/callback-sink.js';
import { arrivalOf, startSink, type Sink } from './callbacks.js';
import { sleep } from './clock.js';
import { closedLoop } from './closed-loop.js';
import type { Backing } from './databases.js';
import { Scope } from './scope.js';
import { change, type Desk, openConversations, registerCallback, startService } from './service.js';

const CONNECTIONS = 64;

/**
 * Deliveries that wait, and nothing else that does: a process with `ROLES=api` makes them and ends, another one lets
 * statistics and search read their events, and one with `ROLES=worker` sends them.
 */
export class Backlog {
  private desk: Desk | undefined;
  private readonly callbackIds: string[] = [];

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
        for (let index = 0; index < this.endpoints; index++) this.callbackIds.push(await registerCallback(api.url, this.sink.url, `/callbacks/${index}`));
      }
      await closedLoop({ url: api.url, connections: CONNECTIONS, count: messages, nextRequest: this.desk.nextRequest });
      await this.enable(api.url, false);
    });
    await Scope.run(async (scope) => untilAllIsRead((await startService(this.env, scope)).url, messages));
    await Scope.run(async (scope) => this.enable((await startService({ ...this.env, ROLES: 'api' }, scope)).url, true));
  }

  private async enable(url: string, enabled: boolean): Promise<void> {
    for (const id of this.callbackIds) await change(url, `/api/v1/callbacks/${id}`, { enabled });
  }
}

/** Returns when no projection has anything to read. The service looks every 10 s at the most, so it is not asked too soon. */
async function untilAllIsRead(url: string, events: number): Promise<void> {
  for (let pauseMs = 2000 + events * 0.6; ; pauseMs = 1000) {
    await sleep(pauseMs);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const unread = [...metrics.matchAll(/^crossdesk_projection_lag_events\{.*\} (\d+)$/gm)].map(([, events]) => Number(events));
    if (unread.length > 0 && unread.every((events) => events === 0) && /^crossdesk_event_sequencer_lag_seconds 0$/m.test(metrics)) return;
  }
}
