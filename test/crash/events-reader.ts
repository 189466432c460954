import { setTimeout as sleep } from 'node:timers/promises';
import { createConversations, messageBody, type ApiClient } from './client.js';
import type { Instances } from './registered-there.js';
import type { ScenarioReport } from './report.js';

const WRITERS = 64;
/** Fewer than the writers, so that transactions wait for each other and commit late. */
const CONVERSATIONS = 20;
const CATCH_UP_TIMEOUT_MS = 30_000;
const PAUSE_AT_THE_END_MS = 20;

/** 64 writers on both instances while a reader on A follows the cursor of GET /events: it must miss nothing. */
export async function readsEveryEvent(
  { a, b }: Instances,
  writeMs: number,
  progress: (line: string) => void,
): Promise<ScenarioReport> {
  const violations: string[] = [];
  const conversations = await createConversations(a, CONVERSATIONS);
  const written = new Set<string>();
  const reader = new EventsReader(a);
  const stopAt = performance.now() + writeMs;
  const writer = async (index: number): Promise<void> => {
    const client = index % 2 === 0 ? a : b;
    for (let count = 0; performance.now() < stopAt; count += 1) {
      const conversation = conversations[(index + count) % CONVERSATIONS]!;
      try {
        const answer = await client.send('POST', '/messages', messageBody(conversation, `w${index}-${count}`));
        if (answer.status === 201) written.add(answer.body.id);
        else violations.push(`writer ${index} was answered ${answer.status} ${answer.body?.code ?? ''}`);
      } catch (error) {
        violations.push(`writer ${index} got no answer: ${(error as Error).message}`);
      }
    }
  };

  let writing = true;
  const writers = Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index))).finally(() => {
    writing = false;
  });
  let deadline = Infinity;
  let pages = 0;
  while (performance.now() < deadline) {
    const atEnd = await reader.readPage();
    pages += 1;
    progress(`64 writers: ${written.size} written, ${reader.messageIds.size} read`);
    if (!writing && deadline === Infinity) deadline = performance.now() + CATCH_UP_TIMEOUT_MS;
    if (!atEnd) continue;
    if (!writing && written.size === intersection(written, reader.messageIds)) break;
    await sleep(PAUSE_AT_THE_END_MS);
  }
  await writers;

  const missed = [...written].filter((id) => !reader.messageIds.has(id));
  if (missed.length > 0) violations.push(`${missed.length} messages were never read: ${missed.slice(0, 5).join(', ')}`);
  if (reader.holes > 0) violations.push(`the positions have ${reader.holes} holes`);
  if (reader.backSteps > 0) violations.push(`the positions went back or repeated ${reader.backSteps} times`);
  return {
    figures: {
      '64 writers on A and B, 201 answers': written.size,
      'messages read by cursor on A': intersection(written, reader.messageIds),
      'messages missed': missed.length,
      'positions read': `${reader.first ?? '-'} to ${reader.last ?? '-'} in ${pages} pages`,
      'holes, steps back': `${reader.holes}, ${reader.backSteps}`,
    },
    violations,
  };
}

function intersection(wanted: Set<string>, found: Set<string>): number {
  let count = 0;
  for (const id of wanted) if (found.has(id)) count += 1;
  return count;
}

/** Follows GET /events from the beginning with nothing but the cursors that it is given. */
class EventsReader {
  readonly messageIds = new Set<string>();
  first: number | undefined;
  last: number | undefined;
  holes = 0;
  backSteps = 0;
  private cursor: string | null = null;

  constructor(private readonly client: ApiClient) {}

  /** True when the service says that there is no more for now. */
  async readPage(): Promise<boolean> {
    const query = this.cursor === null ? '' : `&cursor=${encodeURIComponent(this.cursor)}`;
    const page = await this.client.call('GET', `/events?limit=100${query}`);
    for (const event of page.data) this.take(event);
    if (page.next_cursor !== null) this.cursor = page.next_cursor;
    return !page.has_more;
  }

  private take(event: { event: string; position: number; data: { message_id?: string } }): void {
    const { position } = event;
    this.first ??= position;
    if (this.last !== undefined) {
      if (position <= this.last) this.backSteps += 1;
      else if (position !== this.last + 1) this.holes += 1;
    }
    this.last = position;
    if (event.event === 'message.received' && event.data.message_id) this.messageIds.add(event.data.message_id);
  }
}
