import { generatedAgents, generatedConversations } from './generated-month.js';
import type { GeneratedConversation, MonthSize } from './generated-month.js';

/** Conversations in one POST /import: some 100 with 20 messages each are 300 KiB. */
const PER_CALL = 100;
const CALLS_AT_A_TIME = 2;

export interface Api {
  url: string;
  apiKey: string;
}

export interface Loaded {
  conversations: number;
  messages: number;
  /** How many were there from an earlier run. */
  known: number;
}

/** Makes the agents and brings in the month; what is there already stays as it is. */
export async function loadMonth(api: Api, size: MonthSize, onProgress: (messages: number) => void): Promise<Loaded> {
  for (const agent of generatedAgents(size)) {
    const { status, body } = await post(api, '/agents', agent);
    if (status !== 201 && body.code !== 'agent.username_taken') throw new Error(`POST /agents answered ${status}: ${JSON.stringify(body)}`);
  }
  const loaded: Loaded = { conversations: 0, messages: 0, known: 0 };
  const calls = callsOf(size);
  const worker = async (): Promise<void> => {
    for (const conversations of calls) {
      const { status, body } = await post(api, '/import', { conversations });
      const refused = body.results?.find((result: { status: string }) => result.status === 'invalid');
      if (status !== 200 || refused !== undefined) throw new Error(`POST /import answered ${status}: ${JSON.stringify(refused ?? body)}`);
      loaded.conversations += conversations.length;
      loaded.known += body.known;
      loaded.messages += conversations.reduce((sum, { messages }) => sum + messages.length, 0);
      onProgress(loaded.messages);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_A_TIME }, worker));
  return loaded;
}

/** Shared by the workers: each takes the next. */
function* callsOf(size: MonthSize): Generator<GeneratedConversation[]> {
  let call: GeneratedConversation[] = [];
  for (const conversation of generatedConversations(size)) {
    call.push(conversation);
    if (call.length < PER_CALL) continue;
    yield call;
    call = [];
  }
  if (call.length > 0) yield call;
}

async function post({ url, apiKey }: Api, path: string, body: unknown): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': apiKey }, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}
