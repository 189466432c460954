import type { BareSocketServer } from '../processes/bare-socket-server.js';
import type { PostPlan, SocketClients } from '../processes/socket-clients.js';
import { startChild } from '../harness/child.js';
import { sleep } from '../harness/clock.js';
import type { Context } from '../harness/context.js';
import { interleave, type Share } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';
import { API_KEY, HEADERS, MESSAGES_PATH, openConversations, startService } from '../harness/service.js';

const CLIENTS = 1_000;

/** Messages are posted, every client is told: events that arrived at clients, per second. */
export function measureBroadcast(context: Context): Promise<Share> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const service = await startService({ ...env, ROLES: 'api' }, scope);
    const bare = await startChild<BareSocketServer>('bare-socket-server');
    scope.defer(() => bare.stop());
    const bareUrl = await bare.call.listen();
    const { bodies } = await openConversations(service.url);

    const connectClients = async (url: string): Promise<(plan: Omit<PostPlan, 'url'>) => Promise<number>> => {
      const clients = await startChild<SocketClients>('socket-clients');
      scope.defer(() => clients.stop());
      await clients.call.connect(url, API_KEY, CLIENTS);
      await sleep(500);
      return async (plan) => {
        const { perSecond } = await clients.call.run({ url, ...plan });
        envelope ??= await clients.call.firstEnvelope();
        await sleep(300);
        return perSecond;
      };
    };
    let envelope: string | undefined;
    const runService = await connectClients(service.url);
    const runBare = await connectClients(bareUrl);
    const subject = (durationMs: number): Promise<number> =>
      runService({ path: MESSAGES_PATH, headers: HEADERS, bodies, durationMs });
    const baseline = (durationMs: number): Promise<number> =>
      runBare({ path: '/', headers: {}, bodies: [envelope!], durationMs });

    const durationMs = context.quick ? 2_000 : 4_000;
    await subject(durationMs / 2); // also tells what the baseline sends
    await baseline(durationMs / 2);
    context.log(`${CLIENTS} clients, envelopes of ${envelope!.length} bytes`);
    return await interleave({
      rounds: context.rounds,
      baseline: () => baseline(durationMs),
      subject: () => subject(durationMs),
      onRound: context.log,
    });
  });
}
