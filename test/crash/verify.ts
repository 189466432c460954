import type { ApiClient, Conversation } from './client.js';
import type { CallbackLedger } from './ledger.js';
import type { MessageLoad } from './load.js';

/** Longer than any lease and the last retry after it; how long it really took is among the figures. */
const DRAIN_TIMEOUT_MS = 240_000;

export interface StoredMessage {
  id: string;
  seq: number;
  client_msg_no: string;
  content: unknown;
}

export interface Verdict {
  stored: number;
  missingMessages: number;
  missingCallbacks: number;
  gaps: number;
  drainMs: number;
  /** From the answer to the callback, in ascending order; 0 where the callback came first. */
  latenciesMs: number[];
  violations: string[];
}

/** Compares what the callers know with what is stored and what has arrived. The load must have ended. */
export async function verify(
  client: ApiClient,
  conversations: Conversation[],
  load: MessageLoad,
  ledger: CallbackLedger,
): Promise<Verdict> {
  const violations = [...load.violations];
  const stored = new Map<string, StoredMessage>();
  let gaps = 0;
  let rows = 0;
  for (const conversation of conversations) {
    const messages: StoredMessage[] = await client.listAll(`/conversations/${conversation.id}/messages`);
    rows += messages.length;
    gaps += countGaps(messages.map((message) => message.seq));
    for (const message of messages) {
      if (stored.has(message.client_msg_no)) violations.push(`${message.client_msg_no} is stored twice`);
      stored.set(message.client_msg_no, message);
    }
    const { message_count } = await client.call('GET', `/conversations/${conversation.id}`);
    if (message_count !== messages.length) {
      violations.push(`${conversation.id} counts ${message_count} messages and has ${messages.length}`);
    }
  }
  if (gaps > 0) violations.push(`seq has ${gaps} gaps or repeats`);
  const missingMessages = compare(load, stored, violations);

  const drainStart = performance.now();
  const ids = load.answered().map((message) => message.answer!.id);
  const missing = await ledger.waitForAll(ids, DRAIN_TIMEOUT_MS);
  if (missing.length > 0) violations.push(`no callback for ${missing.length} messages: ${missing.slice(0, 5).join(', ')}`);
  violations.push(...ledger.violations);

  return {
    stored: rows,
    missingMessages,
    missingCallbacks: missing.length,
    gaps,
    drainMs: Math.round(performance.now() - drainStart),
    latenciesMs: latencies(load, ledger),
    violations,
  };
}

function latencies(load: MessageLoad, ledger: CallbackLedger): number[] {
  return load
    .answered()
    .map(({ answer }) => Math.max(0, (ledger.arrivedAt(answer!.id) ?? Infinity) - answer!.at))
    .sort((a, b) => a - b);
}

/** Every posted message is stored as it was answered, and nothing else is. */
function compare(load: MessageLoad, stored: Map<string, StoredMessage>, violations: string[]): number {
  let missing = 0;
  for (const { clientMsgNo, answer } of load.messages) {
    const row = stored.get(clientMsgNo);
    stored.delete(clientMsgNo);
    if (answer === undefined) continue; // given up: already a violation
    if (row === undefined) {
      missing += 1;
      violations.push(`${clientMsgNo} was answered ${answer.status} and is not stored`);
    } else if (row.id !== answer.id || row.seq !== answer.seq || row.content !== `text of ${clientMsgNo}`) {
      violations.push(`${clientMsgNo} was answered as ${JSON.stringify(answer)} and is stored as ${JSON.stringify(row)}`);
    }
  }
  for (const clientMsgNo of stored.keys()) violations.push(`${clientMsgNo} is stored and was never posted`);
  return missing;
}

/** How far the numbers are from 1…n, each once. */
export function countGaps(seqs: number[]): number {
  const sorted = [...seqs].sort((a, b) => a - b);
  return sorted.reduce((gaps, seq, index) => gaps + (seq === (sorted[index - 1] ?? 0) + 1 ? 0 : 1), 0);
}
