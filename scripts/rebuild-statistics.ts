/**
 * Counts the statistics of an organization anew from what is stored, while the service runs; reports can be asked for
 * meanwhile. A worker does it in slices, so that it goes on when this program or the service is stopped.
 *
 *   CROSSDESK_API_KEY=… npm run statistics:rebuild
 *
 * The key needs the scope statistics:write; CROSSDESK_URL names the service, http://127.0.0.1:3000 when absent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProgressBar } from '../src/app/progress-bar.js';

const POLL_MS = 250;

interface Progress {
  status: 'running' | 'done';
  total: number;
  counted: number;
}

const url = (process.env.CROSSDESK_URL ?? 'http://127.0.0.1:3000').replace(/\/+$/, '');
const apiKey = process.env.CROSSDESK_API_KEY ?? process.env.BOOTSTRAP_API_KEY;

try {
  if (apiKey === undefined) throw new Error('Set CROSSDESK_API_KEY to a key with the scope statistics:write.');
  await rebuild(apiKey);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function rebuild(key: string): Promise<void> {
  let progress = await ask(key, 'POST');
  const bar = new ProgressBar('conversations, tickets and agents', progress.total);
  for (; progress.status === 'running'; progress = await ask(key, 'GET')) {
    bar.show(Math.min(progress.counted, progress.total - 1));
    await sleep(POLL_MS);
  }
  // What was made meanwhile counts too.
  bar.show(Math.max(progress.counted, progress.total));
}

async function ask(key: string, method: string): Promise<Progress> {
  const answer = await fetch(`${url}/api/v1/statistics/rebuild`, { method, headers: { 'x-api-key': key } }).catch((error: unknown) => {
    throw new Error(`Nothing answers at ${url}; start the service, or name it in CROSSDESK_URL.`, { cause: error });
  });
  const body = (await answer.json()) as Progress & { detail?: string };
  if (!answer.ok) throw new Error(`${answer.status}: ${body.detail}`);
  return body;
}
