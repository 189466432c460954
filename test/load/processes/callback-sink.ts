import { createServer, type IncomingHttpHeaders } from 'node:http';
import { serve } from '../harness/child.js';
import { monotonicMs } from '../harness/clock.js';
import { listen } from '../harness/listen.js';

export interface SinkStats {
  /** Different `webhook-id`s at different paths. */
  events: number;
  requests: number;
  /** Monotonic; of the first and the last event that was new. */
  firstAt: number;
  lastAt: number;
  /** The most connections that were open at once. */
  connections: number;
  /** When the 1st, the 1,000th, the 2,000th … event came. */
  marks: number[];
}

export interface SinkSample {
  headers: IncomingHttpHeaders;
  body: string;
}

const EMPTY: SinkStats = { events: 0, requests: 0, firstAt: 0, lastAt: 0, connections: 0, marks: [] };

const MARK_EVERY = 1_000;

let stats: SinkStats = { ...EMPTY, marks: [] };
let seen = new Set<string>();
let sample: SinkSample | undefined;
let open = 0;
let failing = 0;

/** Always the same ones, of every kind of id. */
function isAmongFailing(key: string): boolean {
  let hash = 0;
  for (let index = 0; index < key.length; index++) hash = (hash * 31 + key.charCodeAt(index)) >>> 0;
  return hash % 1_000 < failing * 1_000;
}

/** Counts callbacks by path and event id, says 200 to each, but 500 to a share of them. */
const server = createServer((request, response) => {
  const wantsSample = sample === undefined;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    if (wantsSample) chunks.push(chunk);
  });
  request.on('end', () => {
    if (wantsSample) sample = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    stats.requests += 1;
    const key = `${request.url} ${request.headers['webhook-id']}`;
    seen.add(key);
    if (seen.size > stats.events) {
      stats.events = seen.size;
      stats.lastAt = monotonicMs();
      if (stats.events === 1) stats.firstAt = stats.lastAt;
      if (stats.events === 1 || stats.events % MARK_EVERY === 0) stats.marks.push(stats.lastAt);
    }
    response.writeHead(failing > 0 && isAmongFailing(key) ? 500 : 200, { 'content-length': 0 }).end();
  });
});
server.on('connection', (socket) => {
  open += 1;
  stats.connections = Math.max(stats.connections, open);
  socket.on('close', () => (open -= 1));
});

const handlers = serve({
  listen: () => listen(server),
  /** `share` of 0 to 1 is answered with 500. */
  reset: (share: number) => {
    failing = share;
    stats = { ...EMPTY, connections: open, marks: [] };
    seen = new Set();
    sample = undefined;
  },
  stats: () => stats,
  sample: () => sample,
});
export type CallbackSink = typeof handlers;
