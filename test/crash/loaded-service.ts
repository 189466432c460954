import { startCallbackSink } from '../support/callback-sink.js';
import { freePort } from '../support/services.js';
import { ApiClient, createConversations } from './client.js';
import type { Environment } from './environment.js';
import { CallbackLedger } from './ledger.js';
import { MessageLoad } from './load.js';
import { ProcessSlot } from './process-slot.js';
import { percentile, type ScenarioOptions, type ScenarioReport } from './report.js';
import { verify, type Verdict } from './verify.js';

export interface LoadedService {
  /** The first one is the API that the callers post to. */
  slots: ProcessSlot[];
  load: MessageLoad;
  ledger: CallbackLedger;
}

const CONVERSATIONS = 20;
/** Short, so that a delivery whose process died is claimed again soon. */
const CALLBACK_TIMEOUT_MS = 2_000;
const RETRY_SCHEDULE_SECONDS = [0, 1, 1, 2, 3, 5, 5, 5];

/**
 * Starts the processes, an endpoint and 200 messages/s (half as many in a short run), lets `disturb` do its worst, stops the load and compares
 * everything that was answered with everything that is there.
 */
export async function underLoad(
  environment: Environment,
  roles: string[],
  options: ScenarioOptions,
  disturb: (service: LoadedService) => Promise<Record<string, string | number>>,
): Promise<ScenarioReport> {
  const slots: ProcessSlot[] = [];
  const ledger = new CallbackLedger();
  const sink = await startCallbackSink({ answer: ledger.answer });
  try {
    for (const role of roles) {
      const slot = new ProcessSlot(role, { ...environment.env, ROLES: role, PORT: String(await freePort()) }, environment.args);
      slots.push(slot);
      await slot.start();
    }
    const client = new ApiClient(slots[0]!.url, environment.apiKey);
    const endpoint = await client.call('POST', '/callbacks', {
      url: `${sink.url}/hook`,
      events: ['message.received'],
      timeout_ms: CALLBACK_TIMEOUT_MS,
      retry: { schedule_seconds: RETRY_SCHEDULE_SECONDS },
    });
    ledger.secret = endpoint.secret;
    const conversations = await createConversations(client, CONVERSATIONS);
    const load = new MessageLoad(client, conversations, options.quick ? 100 : 200);
    const ticker = setInterval(() => options.progress(progressLine(load, ledger, slots)), 500);
    try {
      load.start();
      const figures = await disturb({ slots, load, ledger });
      await load.stop();
      const verdict = await verify(client, conversations, load, ledger);
      const endings = await Promise.all(slots.map((slot) => slot.stop()));
      return {
        figures: { ...figures, ...loadFigures(load, ledger), ...verdictFigures(verdict) },
        violations: [...verdict.violations, ...endings.flat()],
      };
    } finally {
      clearInterval(ticker);
      await client.close();
    }
  } finally {
    await Promise.all(slots.map((slot) => slot.stop()));
    await sink.close();
  }
}

function progressLine(load: MessageLoad, ledger: CallbackLedger, slots: ProcessSlot[]): string {
  const { posts, created, unanswered } = load.counts;
  const kills = slots.reduce((sum, slot) => sum + slot.kills, 0);
  return `posts ${posts}  201 ${created}  unanswered ${unanswered}  callbacks ${ledger.counts.received}  kills ${kills}`;
}

function loadFigures(load: MessageLoad, ledger: CallbackLedger): Record<string, string | number> {
  const { posts, created, known, unanswered, serverErrors, repeated } = load.counts;
  return {
    messages: load.messages.length,
    posts,
    'answered 201': created,
    'answered 200 (known by a repeat)': known,
    'answered 5xx': serverErrors,
    unanswered,
    repeated,
    'callbacks received': ledger.counts.received,
    'callbacks refused by the sink (500)': ledger.counts.refused,
    'duplicates (same webhook-id)': ledger.counts.duplicates,
  };
}

function verdictFigures(verdict: Verdict): Record<string, string | number> {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(verdict.latenciesMs, share));
  return {
    'messages stored': verdict.stored,
    'missing messages': verdict.missingMessages,
    'missing callbacks': verdict.missingCallbacks,
    'gaps in seq': verdict.gaps,
    '201 to callback in ms': `p50 ${p50}, p99 ${p99}, max ${max}`,
    'drained after the load in ms': verdict.drainMs,
  };
}
