import { connect } from 'node:net';
import { monotonicMs } from './clock.js';

export interface ClosedLoop {
  url: string;
  connections: number;
  /** Ends at whichever comes first. */
  durationMs?: number;
  count?: number;
  /** The whole HTTP/1.1 request, ASCII. */
  nextRequest: () => string;
}

export interface LoopResult {
  created: number;
  perSecond: number;
  startedAt: number;
  endedAt: number;
}

const NO_ANSWER_MS = 30_000;

/**
 * Keeps one request in flight on each connection. It knows just enough HTTP to count answers, because what the
 * client costs is taken from the servers: on a small machine they share its processors. Anything but 201 is an
 * error, and a run with errors has no figure.
 */
export async function closedLoop(options: ClosedLoop): Promise<LoopResult> {
  const { hostname, port } = new URL(options.url);
  const startedAt = monotonicMs();
  const state: LoopState = {
    toSend: options.count ?? Infinity,
    deadline: startedAt + (options.durationMs ?? Infinity),
    created: 0,
    failed: 0,
    firstFailure: '',
    nextRequest: options.nextRequest,
  };
  const workers = Array.from({ length: options.connections }, () => runConnection(hostname, Number(port), state));
  await Promise.all(workers);
  const endedAt = monotonicMs();
  if (state.failed > 0) {
    throw new Error(`${state.failed} of ${state.failed + state.created} requests failed, first: ${state.firstFailure}`);
  }
  return { created: state.created, perSecond: (state.created / (endedAt - startedAt)) * 1_000, startedAt, endedAt };
}

interface LoopState {
  toSend: number;
  deadline: number;
  created: number;
  failed: number;
  firstFailure: string;
  nextRequest: () => string;
}

function runConnection(host: string, port: number, state: LoopState): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    let rest = '';
    let waiting = false;

    const fail = (reason: string): void => {
      state.failed += 1;
      state.firstFailure ||= reason;
      waiting = false;
      socket.destroy();
    };
    const send = (): void => {
      if (state.toSend <= 0 || state.failed > 0 || monotonicMs() >= state.deadline) {
        waiting = false;
        socket.end();
        return;
      }
      state.toSend -= 1;
      waiting = true;
      socket.write(state.nextRequest(), 'latin1');
    };

    socket.setTimeout(NO_ANSWER_MS, () => fail(`no answer within ${NO_ANSWER_MS} ms`));
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      const text = rest + chunk.toString('latin1');
      const length = answerLength(text);
      if (length === 'incomplete' || text.length < length) {
        rest = text;
        return;
      }
      rest = '';
      if (!text.startsWith('201', 9) || text.length > length) {
        fail(text.slice(0, 1_000));
        return;
      }
      state.created += 1;
      send();
    });
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => {
      if (waiting) fail('the server closed the connection');
      resolve();
    });
  });
}

/** Head and body of an answer whose length is declared. */
function answerLength(text: string): number | 'incomplete' {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return 'incomplete';
  const declared = /\r\ncontent-length: *(\d+)/i.exec(text);
  if (declared === null || declared.index > headEnd) return text.length; // shown as a failure unless it is a 201
  return headEnd + 4 + Number(declared[1]);
}
