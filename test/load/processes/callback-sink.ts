import { createServer, type IncomingHttpHeaders } from 'node:http';
import { serve } from '../harness/child.js';
import { monotonicMs } from '../harness/clock.js';
import { listen } from '../harness/listen.js';

export interface SinkStats {
  /** Different `webhook-id`s. */
  events: number;
  requests: number;
  /** Monotonic; of the first and the last event that was new. */
  firstAt: number;
  lastAt: number;
  /** The most connections that were open at once. */
  connections: number;
}

export interface SinkSample {
  headers: IncomingHttpHeaders;
  body: string;
}

const EMPTY: SinkStats = { events: 0, requests: 0, firstAt: 0, lastAt: 0, connections: 0 };

let stats = { ...EMPTY };
let seen = new Set<string>();
let sample: SinkSample | undefined;
let open = 0;

/** Counts callbacks by event id, says 200 to each. */
const server = createServer((request, response) => {
  const wantsSample = sample === undefined;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    if (wantsSample) chunks.push(chunk);
  });
  request.on('end', () => {
    if (wantsSample) sample = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    stats.requests += 1;
    seen.add(String(request.headers['webhook-id']));
    if (seen.size > stats.events) {
      stats.events = seen.size;
      stats.lastAt = monotonicMs();
      if (stats.events === 1) stats.firstAt = stats.lastAt;
    }
    response.writeHead(200, { 'content-length': 0 }).end();
  });
});
server.on('connection', (socket) => {
  open += 1;
  stats.connections = Math.max(stats.connections, open);
  socket.on('close', () => (open -= 1));
});

const handlers = serve({
  listen: () => listen(server),
  reset: () => {
    stats = { ...EMPTY, connections: open };
    seen = new Set();
    sample = undefined;
  },
  stats: () => stats,
  sample: () => sample,
});
export type CallbackSink = typeof handlers;
