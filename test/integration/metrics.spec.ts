import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { connectSocket } from '../support/socket-client.js';
import { API_KEY, anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const DOCUMENT = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8');
const redis = process.env.TEST_MATRIX === 'servers';

let app: TestApp;
let sink: CallbackSink;
let text: string;

/** Sampled once, when everything has happened: what is asked of the database is kept for ten seconds. */
beforeAll(async () => {
  app = await startTestApp();
  sink = await startCallbackSink({ answer: ({ path }) => ({ status: path === '/well' ? 200 : path === '/gone' ? 410 : 503 }) });
  await anEndpoint('/well', [0]);
  await anEndpoint('/failing', [0, 3600]);
  await anEndpoint('/exhausted', [0]);
  await anEndpoint('/gone', [0]);
  await anEndpoint('/later', [3600]);
  for (const name of ['Ada', 'Grace', 'Barbara']) await aVisitor(name);
  await app.settle();
  await suspend();
  const socket = await connectSocket(app.url, API_KEY);
  text = await metricsOf(app);
  socket.close();
});

afterAll(async () => {
  await app.close();
  await sink.close();
});

async function anEndpoint(path: string, schedule: number[]): Promise<void> {
  const made = await app.api.post('/callbacks', { url: sink.url + path, events: ['visitor.created'], retry: { schedule_seconds: schedule } });
  expect(made.status, made.text).toBe(201);
}

async function aVisitor(name: string): Promise<void> {
  expect((await app.api.post('/visitors', { external_id: name })).status).toBe(201);
}

/** As the dispatcher does after many failures. */
async function suspend(): Promise<void> {
  const unitOfWork = app.app.get(UnitOfWork);
  await unitOfWork.run(() => unitOfWork.write('UPDATE callback_endpoints SET suspended_until = ? WHERE url LIKE ?', [Date.now() + 60_000, '%/exhausted']));
}

async function metricsOf(from: TestApp): Promise<string> {
  const answer = await from.as({}).get('//metrics');
  expect(answer.status, answer.text).toBe(200);
  return answer.text;
}

function valueOf(series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe('docs/metrics.md', () => {
  const documented = new Map([...DOCUMENT.matchAll(/^\| `([a-z_*]+)` \| (\w*) ?\| ([^|]*)\|/gm)].map(([, name, type, labels]) => [name!, { type, labels: labels!.match(/\w+/g) ?? [] }]));
  const served = (): Map<string, string> => new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => [name!, type!]));
  const groups = [...documented.keys()].filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));

  it('names everything that /metrics answers, with its type', () => {
    const own = [...served()].filter(([name]) => !groups.some((group) => name.startsWith(group)));
    expect(own.length).toBeGreaterThan(8);
    expect(own.filter(([name, type]) => documented.get(name)?.type !== type)).toEqual([]);
  });

  it('names nothing else', () => {
    const onlyWithRedis = ['crossdesk_rate_limiter_insured'];
    const missing = [...documented.keys()].filter((name) => !name.endsWith('*') && !served().has(name) && (redis || !onlyWithRedis.includes(name)));
    expect(missing).toEqual([]);
    expect(groups.filter((group) => ![...served().keys()].some((name) => name.startsWith(group)))).toEqual([]);
  });

  it('names the labels', () => {
    for (const [, name, labels] of text.matchAll(/^([a-z_]+?)(?:_bucket|_count|_sum)?\{([^}]*)\}/gm)) {
      const known = documented.get(name!);
      if (known === undefined) continue;
      const used = [...labels!.matchAll(/(\w+)="/g)].map(([, label]) => label!).filter((label) => label !== 'le');
      expect(used.toSorted(), name).toEqual(known.labels.toSorted());
    }
  });

  it('speaks in its alerts of metrics that there are', () => {
    const named = DOCUMENT.match(/crossdesk_[a-z_]+/g) ?? [];
    expect([...new Set(named)].filter((name) => !documented.has(name))).toEqual([]);
  });
});

describe('GET /metrics', () => {
  it('counts what became of attempts', () => {
    expect(valueOf('crossdesk_callback_deliveries_total{format="native",state="succeeded"}')).toBe(3);
    expect(valueOf('crossdesk_callback_deliveries_total{format="native",state="failed"}')).toBe(3);
    expect(valueOf('crossdesk_callback_deliveries_total{format="native",state="exhausted"}')).toBe(3);
    expect(valueOf('crossdesk_callback_deliveries_total{format="native",state="discarded"}')).toBeGreaterThanOrEqual(1);
    expect(valueOf('crossdesk_callback_attempt_duration_seconds_count{format="native",outcome="succeeded"}')).toBe(3);
    expect(valueOf('crossdesk_callback_attempt_duration_seconds_bucket{le="30",format="native",outcome="failed"}')).toBe(3);
  });

  it('says how much is to be delivered, and how endpoints fare', () => {
    expect(valueOf('crossdesk_callback_deliveries{state="failed",format="native"}')).toBe(3);
    expect(valueOf('crossdesk_callback_deliveries{state="pending",format="native"}')).toBeGreaterThanOrEqual(3);
    expect(['active', 'suspended', 'disabled'].map((state) => valueOf(`crossdesk_callback_endpoints{state="${state}"}`))).toEqual([3, 1, 1]);
    expect(valueOf('crossdesk_callback_oldest_due_age_seconds')).toBe(0);
  });

  it('says how the queue, the sequencer and the sockets stand', () => {
    expect(valueOf('crossdesk_queue_jobs{state="waiting"}')).toBe(0);
    expect(valueOf('crossdesk_queue_jobs{state="delayed"}')).toBeGreaterThanOrEqual(1);
    expect(valueOf('crossdesk_event_sequencer_lag_seconds')).toBeLessThan(60);
    expect(valueOf('crossdesk_sockets_connected')).toBe(1);
    expect(valueOf('process_start_time_seconds')).toBeGreaterThan(0);
  });

  it('tells nobody whose they are', () => {
    expect(text).not.toMatch(/[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}/);
    expect(text).not.toContain('127.0.0.1');
  });
});

describe('without a worker', () => {
  it('sees what is late: the oldest delivery that is due, and events without a position', async () => {
    const database = await anEmptyDatabase();
    const idle = await startTestApp({ database, env: { ROLES: 'api' } });
    try {
      expect((await idle.api.post('/callbacks', { url: `${sink.url}/late`, events: ['visitor.created'] })).status).toBe(201);
      const unitOfWork = idle.app.get(UnitOfWork);
      expect((await idle.api.post('/visitors', { external_id: 'late' })).status).toBe(201);
      await unitOfWork.run(() => unitOfWork.write('UPDATE callback_deliveries SET due_at = due_at - 90000', []));
      await unitOfWork.run(() => unitOfWork.write('UPDATE events SET occurred_at = occurred_at - 120000', []));
      const answer = await metricsOf(idle);
      const [, due] = /^crossdesk_callback_oldest_due_age_seconds (\S+)$/m.exec(answer)!;
      const [, lag] = /^crossdesk_event_sequencer_lag_seconds (\S+)$/m.exec(answer)!;
      expect(Number(due)).toBeGreaterThanOrEqual(90);
      expect(Number(due)).toBeLessThan(150);
      expect(Number(lag)).toBeGreaterThanOrEqual(120);
      expect(Number(lag)).toBeLessThan(180);
    } finally {
      await idle.close();
      await database.drop();
    }
  });

  it('sees what no projection has read', async () => {
    const database = await anEmptyDatabase();
    const idle = await startTestApp({ database, env: { ROLES: 'api' } });
    try {
      expect((await idle.api.post('/visitors', { external_id: 'unread' })).status).toBe(201);
      const { position } = (await idle.api.get('/events')).body.data.at(-1);
      const unread = [...(await metricsOf(idle)).matchAll(/^crossdesk_projection_lag_events\{projection="(.+)"\} (\d+)$/gm)];
      expect(unread.map(([, name, events]) => [name, Number(events)]).toSorted()).toEqual(
        ['conversation_search', 'crm-links', 'message_search', 'statistics'].map((name) => [name, position]),
      );
    } finally {
      await idle.close();
      await database.drop();
    }
  });
});
