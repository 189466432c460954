import { appendFile, mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

/** Far more than one event holds, or a batch, which ends at 1 MiB. */
const MAX_BODY_BYTES = 5 * 1024 * 1024;

interface Envelope {
  /** The same over all attempts: what is deduplicated by. */
  id: string;
  event: string;
  timestamp: number;
  data: Record<string, unknown>;
}

/**
 * What was received, one event a line. An event counts as received when its line is on the disk, so that it is neither
 * lost nor taken twice, whenever this process dies; the ids are read back when it starts.
 */
class Inbox {
  private readonly known = new Set<string>();
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(private readonly file: string) {}

  static async open(file: string): Promise<Inbox> {
    await mkdir(dirname(file), { recursive: true });
    const inbox = new Inbox(file);
    const text = await readFile(file, 'utf8').catch(() => '');
    // What a dying process did not finish to write was not answered either, and comes again.
    for (const line of text.split('\n').slice(0, -1)) {
      try {
        inbox.known.add((JSON.parse(line) as Envelope).id);
      } catch {
        console.error('a line of the inbox cannot be read; its event may be taken twice');
      }
    }
    if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
    return inbox;
  }

  /** Stores what is new of these and answers it; one call after the other, so that none is stored twice. */
  store(events: readonly Envelope[]): Promise<Envelope[]> {
    const stored = this.writing.then(() => this.append(events));
    this.writing = stored.catch(() => undefined);
    return stored;
  }

  private async append(events: readonly Envelope[]): Promise<Envelope[]> {
    const added = new Map(events.filter(({ id }) => !this.known.has(id)).map((event) => [event.id, event]));
    if (added.size === 0) return [];
    const handle = await open(this.file, 'a');
    try {
      await handle.writeFile([...added.values()].map((event) => `${JSON.stringify(event)}\n`).join(''));
      await handle.sync();
    } finally {
      await handle.close();
    }
    for (const id of added.keys()) this.known.add(id);
    return [...added.values()];
  }
}

/** Put your own work here. It runs after the answer: what takes long must not make the service wait and try again. */
function work(event: Envelope): void {
  console.log(`received ${event.event} ${event.id}`);
}

async function receive(request: IncomingMessage, response: ServerResponse, webhook: Webhook, inbox: Inbox): Promise<void> {
  if (request.method !== 'POST') return answer(response, 405);
  const body = await bodyOf(request);
  if (body === null) return answer(response, 413);
  let payload: Envelope | Envelope[];
  try {
    // The text as it came: JSON that was read and written again need not be the same text.
    payload = webhook.verify(body, request.headers as Record<string, string>) as Envelope | Envelope[];
  } catch (error) {
    if (error instanceof WebhookVerificationError || error instanceof SyntaxError) return answer(response, 401);
    throw error;
  }
  // An attempt to see whether this receiver is there; it tells of nothing that has happened.
  if (request.headers['webhook-test'] === 'true') return answer(response, 204);
  const added = await inbox.store([payload].flat());
  answer(response, 204);
  for (const event of added) work(event);
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, status: number): void {
  // What is left of a body that is too large is not read, so nothing else can come on this connection.
  response.writeHead(status, status === 413 ? { connection: 'close' } : {}).end();
}

const { WEBHOOK_SECRET, INBOX = 'inbox.jsonl', PORT = '8080', HOST = '127.0.0.1' } = process.env;
if (WEBHOOK_SECRET === undefined) {
  console.error('WEBHOOK_SECRET is not set: it is the secret that POST /api/v1/callbacks answered.');
  process.exit(1);
}
const webhook = new Webhook(WEBHOOK_SECRET);
const inbox = await Inbox.open(INBOX);
const server = createServer((request, response) => {
  receive(request, response, webhook, inbox).catch((error: unknown) => {
    // Not stored, so it must not be answered with success: it comes again.
    console.error(error);
    if (!response.headersSent) answer(response, 500);
  });
});
server.listen(Number(PORT), HOST, () => console.log(`listening on ${HOST}:${(server.address() as AddressInfo).port}`));
