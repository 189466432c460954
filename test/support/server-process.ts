import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { get as getOverTls } from 'node:https';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { dieTogether, freePort } from './services.js';

/** The built server in a process of its own, seen from outside. */
export interface ServerProcess {
  url: string;
  port: number;
  pid: number;
  /** From spawn to the first 200 of /health/ready. */
  startupMs: number;
  /** All that it wrote to stdout and stderr so far. */
  output(): string;
  /** SIGKILL unless told otherwise; resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM; resolves with the exit code, 128 + n where signal n ended it. */
  stop(): Promise<number>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
/** What any process needs. The rest of this environment stays out, so that a test says all that its server knows. */
const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'TZ',
  'SystemRoot',
  'NODE_EXTRA_CA_CERTS',
];

/**
 * Starts `node dist/main.js` on 127.0.0.1 and waits until it is ready. PORT is a free one unless given; without
 * DATABASE_URL the server takes its default, a file under ./data. Rejects with the output when the process ends
 * early or is not ready after a minute. `args` are Node's, where something else than `dist/main.js` is to run. With TLS_CERT it is asked over TLS, and believed whatever its certificate says.
 */
export async function startServer(env: Record<string, string | undefined>, args: readonly string[] = ['dist/main.js']): Promise<ServerProcess> {
  if (!existsSync(`${ROOT}/dist/main.js`)) throw new Error('dist/main.js is missing: npm run build');
  const port = Number(env.PORT ?? (await freePort()));
  const secure = env.TLS_CERT !== undefined;
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`;
  if (await isReady(port, secure)) throw new Error(`Another server already answers at ${url}`);
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...inherited(), HOST: '127.0.0.1', ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  dieTogether(child);
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  const output = (): string => chunks.join('');
  const exitCode = exitOf(child);
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    await exitCode;
  };

  let ended: number | undefined;
  void exitCode.then((code) => (ended = code));
  while (!(await isReady(port, secure))) {
    if (ended !== undefined)
      throw new Error(`The server ended with ${ended} before it was ready:\n${output()}`);
    if (performance.now() - spawnedAt > READY_TIMEOUT_MS) {
      await kill();
      throw new Error(`The server was not ready after ${READY_TIMEOUT_MS} ms:\n${output()}`);
    }
    await delay(10);
  }
  const startupMs = performance.now() - spawnedAt;
  return {
    url,
    port,
    pid: child.pid!,
    startupMs,
    output,
    kill,
    stop() {
      child.kill('SIGTERM');
      return exitCode;
    },
  };
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** Resolves after the last output has been read. */
function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

function isReady(port: number, secure: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const request = (secure ? getOverTls : get)(
      { host: '127.0.0.1', port, path: '/health/ready', agent: false, timeout: 2_000, ...(secure && { rejectUnauthorized: false }) },
      (response) => {
        response.resume();
        response.once('close', () => resolve(response.statusCode === 200));
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}
