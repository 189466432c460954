import { freePort } from '../support/services.js';
import { ApiClient, createConversations, messageBody, type Conversation } from './client.js';
import { serverEnvironment, type ServerEnvironment } from './environment.js';
import { HeldReceiver } from './held-receiver.js';
import { ProcessSlot } from './process-slot.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

/** The shortest that an endpoint may have: a claim holds 15 s longer. */
const TIMEOUT_MS = 1_000;
const ARRIVAL_MS = 20_000;
/** The rest of a claim, the next look of the sweeper, and the jobs of dead processes, which hold back their endpoint. */
const LAPSE_MS = 60_000;

const BEFORE = '/killed-before-the-answer';
const AFTER = '/killed-after-the-answer';
const FROZEN = '/frozen-while-it-hangs';

/**
 * Workers end at the worst moments: killed while the receiver has not answered, killed when it has answered 200 and
 * nothing is recorded yet, and frozen for so long that their claims lapse while another worker takes over.
 */
export async function moments(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await serverEnvironment();
  const receiver = new HeldReceiver();
  const slots: ProcessSlot[] = [];
  try {
    const url = await receiver.start();
    const api = await started(slots, environment, 'api');
    const client = new ApiClient(api.url, environment.apiKey);
    try {
      return await play({ environment, receiver, slots, client, url, count: options.quick ? 20 : 200, progress: options.progress });
    } finally {
      await client.close();
    }
  } finally {
    await Promise.all(slots.map((slot) => slot.stop()));
    await receiver.close();
    await environment.close();
  }
}

interface Play {
  environment: ServerEnvironment;
  receiver: HeldReceiver;
  slots: ProcessSlot[];
  client: ApiClient;
  url: string;
  count: number;
  progress: (line: string) => void;
}

async function play({ environment, receiver, slots, client, url, count, progress }: Play): Promise<ScenarioReport> {
  const conversations = await createConversations(client, 10);
  const register = (path: string): Promise<{ id: string }> => client.call('POST', '/callbacks', { url: url + path, events: ['message.received'], timeout_ms: TIMEOUT_MS, retry: { schedule_seconds: [0, 1, 1, 1, 1] } });

  // What one worker sends at a time to one endpoint: so many are under way when it dies.
  const batch = Math.min(count, 20);
  const endpoints: Record<string, { id: string }> = { [BEFORE]: await register(BEFORE), [AFTER]: await register(AFTER) };
  const first = await started(slots, environment, 'worker');
  for (const path of [BEFORE, AFTER]) receiver.hold(path);
  await post(client, conversations, 'a', batch);
  await Promise.all([BEFORE, AFTER].map((path) => receiver.waitFor(path, batch, 1, ARRIVAL_MS)));
  progress(`${batch} requests of each of 2 endpoints are under way`);
  await Promise.all(receiver.at(AFTER).map((callback) => callback.release()));
  await first.kill();
  for (const path of [BEFORE, AFTER]) receiver.letThrough(path);

  endpoints[FROZEN] = await register(FROZEN);
  const second = await started(slots, environment, 'worker');
  receiver.hold(FROZEN);
  await post(client, conversations, 'b', batch);
  await receiver.waitFor(FROZEN, batch, 1, ARRIVAL_MS);
  second.signal('SIGSTOP');
  receiver.letThrough(FROZEN);
  await started(slots, environment, 'worker');
  if (count > batch) await post(client, conversations, 'c', count - batch);
  progress('one worker is dead, one is frozen, one is left');
  await receiver.waitFor(FROZEN, batch, 2, LAPSE_MS);
  second.signal('SIGCONT');
  const total = batch + count;
  await Promise.all([BEFORE, AFTER].map((path) => receiver.waitFor(path, total, 1, LAPSE_MS)));
  await receiver.waitFor(BEFORE, batch, 2, LAPSE_MS);

  // Its requests time out now that it lives again; it ends when it has told of them.
  const violations = await second.stop();
  const states = await untilAllSucceeded(client, Object.entries(endpoints), violations);
  const endings = await Promise.all(slots.splice(0).map((slot) => slot.stop()));
  const repeated = Object.fromEntries(Object.keys(endpoints).map((path) => [path, repeats(receiver, path, path === FROZEN ? count : total, violations)]));
  if (repeated[BEFORE]! < batch) violations.push('what was killed before the answer was not all sent again');
  return {
    figures: {
      'messages stored': total,
      'missing callbacks': violations.filter((each) => each.includes('never came')).length,
      'missing messages': 0,
      'callbacks received': receiver.arrivals.items.length,
      'duplicates (same webhook-id)': Object.values(repeated).reduce((sum, each) => sum + each, 0),
      'sent again: killed before the answer': `${repeated[BEFORE]} of ${batch} under way`,
      'sent again: killed after the 200': `${repeated[AFTER]} of ${batch} answered`,
      'sent again: frozen, claim lapsed': `${repeated[FROZEN]} of ${batch} under way`,
      'attempts recorded late by the frozen': states.late,
    },
    violations: [...violations, ...endings.flat()],
  };
}

async function started(slots: ProcessSlot[], environment: ServerEnvironment, roles: string): Promise<ProcessSlot> {
  const slot = new ProcessSlot(roles, { ...environment.env, ROLES: roles, PORT: String(await freePort()) });
  await slot.start();
  slots.push(slot);
  return slot;
}

async function post(client: ApiClient, conversations: Conversation[], prefix: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => client.call('POST', '/messages', messageBody(conversations[index % conversations.length]!, `${prefix}${index}`))));
}

/** A result that comes late must not undo what another has recorded meanwhile. */
async function untilAllSucceeded(client: ApiClient, endpoints: [string, { id: string }][], violations: string[]): Promise<{ late: number }> {
  const deadline = performance.now() + LAPSE_MS;
  let late = 0;
  for (const [path, { id }] of endpoints) {
    let open: any[];
    do {
      const deliveries = await client.listAll(`/callbacks/${id}/deliveries`);
      open = deliveries.filter(({ status }) => status !== 'succeeded');
      if (open.length === 0) late += deliveries.filter(({ attempt_count }) => attempt_count > 1).length;
    } while (open.length > 0 && performance.now() < deadline);
    if (open.length > 0) violations.push(`${path}: ${open.length} deliveries are not recorded as succeeded: ${JSON.stringify(open[0])}`);
  }
  return { late };
}

/** How many callbacks came again: each under its webhook-id, with the same body. */
function repeats(receiver: HeldReceiver, path: string, expected: number, violations: string[]): number {
  const bodies = new Map<string, string>();
  let repeated = 0;
  for (const { webhookId, rawBody } of receiver.at(path)) {
    const before = bodies.get(webhookId);
    if (before !== undefined) repeated += 1;
    if (before !== undefined && before !== rawBody) violations.push(`${path}: ${webhookId} came with two bodies`);
    if (JSON.parse(rawBody).id !== webhookId) violations.push(`${path}: ${webhookId} is not the id in its body`);
    bodies.set(webhookId, rawBody);
  }
  if (bodies.size !== expected) violations.push(`${path}: ${expected - bodies.size} of ${expected} never came`);
  return repeated;
}
