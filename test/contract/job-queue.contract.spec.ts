import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BullMqJobQueue } from '../../src/platform/queue/bullmq-job-queue.js';
import { createJobQueue } from '../../src/platform/queue/job-queue.factory.js';
import type { Job, JobQueue } from '../../src/platform/queue/job-queue.js';

const redisUrl = process.env.TEST_REDIS_URL;
const canSpawnRedis = redisUrl !== undefined && spawnSync('redis-server', ['--version']).status === 0;
if (!redisUrl) console.warn('No TEST_REDIS_URL: the job queue on Redis is not tested');
else if (!canSpawnRedis) console.warn('No redis-server on the PATH: the loss of Redis is not tested');

const A_LONG_TIME_MS = 3_600_000;

/** Every queue that a test opens is closed after it. */
const opened: JobQueue[] = [];
const prefixes: string[] = [];
let reported: Array<{ error: unknown } & Partial<Job>> = [];
const onError = (error: unknown, context: Partial<Job>) => void reported.push({ error, ...context });

let aliveAtFirst = 0;
const whatKeepsAlive = () => process.getActiveResourcesInfo().filter((kind) => /Timeout|TCP/.test(kind)).length;

beforeAll(() => {
  aliveAtFirst = whatKeepsAlive();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((queue) => queue.close(1_000)));
  reported = [];
});

afterAll(async () => {
  if (!redisUrl) return;
  const redis = new Redis(redisUrl);
  for (const prefix of prefixes) {
    for await (const keys of redis.scanStream({ match: `${prefix}:*` })) {
      if ((keys as string[]).length > 0) await redis.del(keys as string[]);
    }
  }
  redis.disconnect();
});

function aPrefix(): string {
  const prefix = `test-${randomUUID()}`;
  prefixes.push(prefix);
  return prefix;
}

async function open(url: string | undefined, prefix = aPrefix()): Promise<JobQueue> {
  const queue = await createJobQueue({ redisUrl: url, prefix, onError });
  opened.push(queue);
  return queue;
}

function openWithLock(url: string, prefix: string, lockMs: number): JobQueue {
  const queue = new BullMqJobQueue({ redisUrl: url, prefix, onError, lockMs });
  opened.push(queue);
  return queue;
}

function aGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within ${deadlineMs} ms: ${condition}`);
    await sleep(2);
  }
}

/** A handler's observer: what ran, and whether a key ever ran beside itself. */
function aWitness() {
  const running = new Set<string>();
  return {
    runs: [] as string[],
    most: 0,
    overlaps: 0,
    async watch(key: string, work: () => Promise<unknown>) {
      if (running.has(key)) this.overlaps++;
      running.add(key);
      this.most = Math.max(this.most, running.size);
      this.runs.push(key);
      try {
        await work();
      } finally {
        running.delete(key);
      }
    },
  };
}

/** Two thousand rounds, each of which wakes at another point of the end of the run before it. */
async function wakeInLastMoments({ waker, worker }: { waker: JobQueue; worker: JobQueue }): Promise<void> {
  let written = 0;
  let read = 0;
  let hasRead = () => {};
  const handler = async () => {
    read = written;
    hasRead();
    if (read % 3 === 1) for (let i = 0; i < read % 50; i++) await Promise.resolve();
    if (read % 3 === 2) for (let i = 0; i < read % 7; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  worker.handle('pump', handler, { concurrency: 2 });
  await worker.start();
  for (let round = 1; round <= 2_000; round++) {
    const gate = aGate();
    hasRead = () => read === round && gate.open();
    written = round;
    waker.wake('pump', 'a');
    const lost = setTimeout(gate.open, 10_000);
    await gate.opened;
    clearTimeout(lost);
    expect(read).toBe(round);
    if (round % 4 === 1) await new Promise((resolve) => setImmediate(resolve));
    if (round % 4 === 2) await sleep(round % 3);
  }
  await worker.whenIdle();
}

const adapters = [
  { name: 'in memory', url: undefined, missing: false },
  { name: 'BullMQ', url: redisUrl, missing: !redisUrl },
];

describe.each(adapters.filter(({ missing }) => !missing))('JobQueue $name', ({ url }) => {
  it('runs the handler with the key', async () => {
    const queue = await open(url);
    const keys: string[] = [];
    queue.handle('pump', async (key) => void keys.push(key), { concurrency: 2 });
    await queue.start();
    queue.wake('pump', 'endpoint:1');
    queue.wake('pump', '2');
    await queue.whenIdle();
    expect(keys.sort()).toEqual(['2', 'endpoint:1']);
  });

  it('keeps what is woken before the start, once per key', async () => {
    const queue = await open(url);
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, async () => {}), { concurrency: 2 });
    for (let i = 0; i < 100; i++) queue.wake('pump', 'a');
    await until(async () => (await queue.depth()).waiting === 1);
    expect(witness.runs).toEqual([]);
    await queue.start();
    await queue.whenIdle();
    expect(witness.runs).toEqual(['a']);
  });

  it('begins at once with a handler that is registered after the start', async () => {
    const queue = await open(url);
    await queue.start();
    let runs = 0;
    queue.handle('pump', async () => void runs++, { concurrency: 1 });
    queue.wake('pump', 'a');
    await queue.whenIdle();
    expect(runs).toBe(1);
  });

  it('refuses a second handler of a name', async () => {
    const queue = await open(url);
    queue.handle('pump', async () => {}, { concurrency: 1 });
    expect(() => queue.handle('pump', async () => {}, { concurrency: 1 })).toThrow('pump');
  });

  it('turns a thousand wakes during a run into exactly one more', async () => {
    const queue = await open(url);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 5 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => witness.runs.length === 1);
    for (let i = 0; i < 1_000; i++) {
      queue.wake('pump', 'a');
      if (i % 100 === 0) await sleep(1);
    }
    // The last wake may still be on its way, and would be one for the run after: a question travels behind it.
    for (let i = 0; i < 3; i++) await queue.depth();
    gate.open();
    await queue.whenIdle();
    expect(witness.runs).toEqual(['a', 'a']);
    expect(witness.overlaps).toBe(0);
  });

  it('runs different keys at a time, up to the concurrency', async () => {
    const queue = await open(url);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 3 });
    await queue.start();
    for (let i = 0; i < 10; i++) queue.wake('pump', `key-${i}`);
    await until(() => witness.runs.length === 3);
    gate.open();
    await queue.whenIdle();
    expect(new Set(witness.runs).size).toBe(10);
    expect(witness.most).toBe(3);
  });

  it('never runs a key beside itself', async () => {
    const queue = await open(url);
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => sleep(Math.random() * 3)), { concurrency: 8 });
    await queue.start();
    for (let i = 0; i < 1_500; i++) {
      queue.wake('pump', `key-${i % 7}`);
      if (i % 3 === 0) queue.wakeAfter('pump', `key-${i % 7}`, i % 5);
      if (i % 10 === 0) await sleep(1);
    }
    await until(async () => (await queue.depth()).delayed === 0);
    await queue.whenIdle();
    expect(witness.runs.length).toBeGreaterThan(100);
    expect(witness.overlaps).toBe(0);
  });

  it('never loses a wake in the last moments of a run', { timeout: 60_000 }, async () => {
    const queue = await open(url);
    await wakeInLastMoments({ waker: queue, worker: queue });
  });

  it('wakes after a delay', async () => {
    const queue = await open(url);
    let ranAt = 0;
    queue.handle('pump', async () => void (ranAt = Date.now()), { concurrency: 1 });
    await queue.start();
    const calledAt = Date.now();
    queue.wakeAfter('pump', 'a', 60);
    await until(() => ranAt > 0);
    expect(ranAt - calledAt).toBeGreaterThanOrEqual(58);
  });

  it('wakes at once when there is nothing to wait for', async () => {
    const queue = await open(url);
    const keys: string[] = [];
    queue.handle('pump', async (key) => void keys.push(key), { concurrency: 1 });
    await queue.start();
    queue.wakeAfter('pump', 'zero', 0);
    queue.wakeAfter('pump', 'past', -5);
    await queue.whenIdle();
    expect(keys.sort()).toEqual(['past', 'zero']);
  });

  it.each([
    [[A_LONG_TIME_MS, 500]],
    [[500, A_LONG_TIME_MS]],
    [[A_LONG_TIME_MS, 2 * A_LONG_TIME_MS, 500, A_LONG_TIME_MS]],
  ])('keeps only the earliest of the delayed wakes %j', async (delays) => {
    const queue = await open(url);
    let runs = 0;
    queue.handle('pump', async () => void runs++, { concurrency: 1 });
    for (const delay of delays) {
      queue.wakeAfter('pump', 'a', delay);
      await until(async () => (await queue.depth()).delayed === 1);
      await queue.whenIdle();
    }
    expect((await queue.depth()).delayed).toBe(1);
    await queue.start();
    await until(() => runs === 1);
    await queue.whenIdle();
    expect(await queue.depth()).toEqual({ waiting: 0, active: 0, delayed: 0 });
    expect(runs).toBe(1);
  });

  it('does not hold back an immediate wake for a delayed one', async () => {
    const queue = await open(url);
    let runs = 0;
    queue.handle('pump', async () => void runs++, { concurrency: 1 });
    await queue.start();
    queue.wakeAfter('pump', 'a', A_LONG_TIME_MS);
    await until(async () => (await queue.depth()).delayed === 1);
    queue.wake('pump', 'a');
    await queue.whenIdle();
    expect(runs).toBe(1);
    expect((await queue.depth()).delayed).toBe(1);
  });

  it('does not run beside itself when a delayed wake fires during a run', async () => {
    const queue = await open(url);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 4 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => witness.runs.length === 1);
    queue.wakeAfter('pump', 'a', 20);
    queue.wakeAfter('pump', 'later than a', 60);
    await until(() => witness.runs.includes('later than a'));
    gate.open();
    await until(() => witness.runs.length === 3);
    await queue.whenIdle();
    expect(witness.runs).toEqual(['a', 'later than a', 'a']);
    expect(witness.overlaps).toBe(0);
  });

  it('lets a run that a delayed wake started set the next one', async () => {
    const queue = await open(url);
    let runs = 0;
    const handler = async (key: string) => {
      if (++runs < 100) queue.wakeAfter('pump', key, 1 + (runs % 3));
    };
    queue.handle('pump', handler, { concurrency: 4 });
    await queue.start();
    queue.wake('pump', 'a');
    // Redis looks for its blocked clients' deadlines ten times a second, or when somebody asks it something.
    await until(async () => (await queue.depth()) !== undefined && runs === 100);
  });

  it('tells of a handler that fails, and goes on', async () => {
    const queue = await open(url);
    const keys: string[] = [];
    const handler = async (key: string) => {
      keys.push(key);
      if (key === 'error') throw new Error('broken');
      if (key === 'nothing') throw undefined;
    };
    queue.handle('pump', handler, { concurrency: 1 });
    const notEvenAPromise = () => {
      throw new Error('broken at once');
    };
    queue.handle('other', notEvenAPromise, { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'error');
    queue.wake('pump', 'nothing');
    queue.wake('other', 'a');
    queue.wake('pump', 'fine');
    await queue.whenIdle();
    expect(keys.sort()).toEqual(['error', 'fine', 'nothing']);
    expect(reported).toHaveLength(3);
    expect(reported).toContainEqual({ error: new Error('broken'), name: 'pump', key: 'error' });
    expect(reported).toContainEqual({ error: undefined, name: 'pump', key: 'nothing' });

    queue.wake('pump', 'error');
    await queue.whenIdle();
    expect(keys.filter((key) => key === 'error')).toHaveLength(2);
    expect(reported).toHaveLength(4);
  });

  it('runs once more when it is woken during a run that fails', async () => {
    const queue = await open(url);
    let runs = 0;
    const handler = async (key: string) => {
      if (++runs > 1) return;
      queue.wake('pump', key);
      await until(async () => (await queue.depth()).active === 1);
      throw new Error('broken');
    };
    queue.handle('pump', handler, { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => runs === 2);
    await queue.whenIdle();
    expect(runs).toBe(2);
  });

  it('runs outside of the context of whoever woke it', async () => {
    const queue = await open(url);
    const unit = new AsyncLocalStorage<string>();
    const seen: Array<string | undefined> = [];
    queue.handle('pump', async () => void seen.push(unit.getStore()), { concurrency: 1 });
    await queue.start();
    for (const runs of [2, 4, 6]) {
      unit.run('a transaction', () => {
        queue.wake('pump', 'a');
        queue.wakeAfter('pump', 'b', 5);
      });
      await until(() => seen.length === runs);
    }
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('is idle only when what its handlers woke has run too', async () => {
    const queue = await open(url);
    let runs = 0;
    const handler = async (key: string) => {
      await sleep(1);
      if (++runs < 20) queue.wake('pump', `${key}.`);
    };
    queue.handle('pump', handler, { concurrency: 1 });
    await queue.start();
    await queue.whenIdle();
    queue.wakeAfter('pump', 'later', A_LONG_TIME_MS);
    queue.wake('pump', 'a');
    await queue.whenIdle();
    expect(runs).toBe(20);
  });

  it('counts what waits, runs and is delayed', async () => {
    const queue = await open(url);
    const gate = aGate();
    queue.handle('pump', () => gate.opened, { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'a');
    queue.wake('pump', 'b');
    queue.wake('pump', 'c');
    queue.wakeAfter('pump', 'd', A_LONG_TIME_MS);
    await until(async () => (await queue.depth()).delayed === 1);
    await until(async () => (await queue.depth()).active === 1);
    expect(await queue.depth()).toEqual({ waiting: 2, active: 1, delayed: 1 });
    gate.open();
    await queue.whenIdle();
    expect(await queue.depth()).toEqual({ waiting: 0, active: 0, delayed: 1 });
  });

  it('waits for what runs when it closes, and takes nothing more', async () => {
    const queue = await open(url);
    const gate = aGate();
    const started: string[] = [];
    let aborted: boolean | undefined;
    const handler = async (key: string, signal: AbortSignal) => {
      started.push(key);
      await gate.opened;
      aborted = signal.aborted;
    };
    queue.handle('pump', handler, { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => started.length === 1);
    queue.wake('pump', 'b');
    let closed = false;
    const closing = queue.close(10_000).then(() => (closed = true));
    await sleep(20);
    expect(closed).toBe(false);
    gate.open();
    await closing;
    expect(aborted).toBe(false);

    queue.wake('pump', 'c');
    queue.wakeAfter('pump', 'd', 1);
    await queue.whenIdle();
    await queue.close(0);
    expect(started).toEqual(['a']);
  });

  it('aborts what runs when its patience is over', async () => {
    const queue = await open(url);
    let started = false;
    let ended = false;
    const handler = async (_key: string, signal: AbortSignal) => {
      started = true;
      await sleep(A_LONG_TIME_MS, undefined, { signal }).catch(() => {});
      ended = true;
    };
    queue.handle('pump', handler, { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => started);
    await queue.close(50);
    expect(ended).toBe(true);
  });

  it('closes although a handler never ends', async () => {
    const queue = await open(url);
    const gate = aGate();
    let started = false;
    const handler = () => {
      started = true;
      return gate.opened;
    };
    queue.handle('pump', handler, { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => started);
    const calledAt = Date.now();
    await queue.close(50);
    expect(Date.now() - calledAt).toBeLessThan(4_000);
    gate.open();
  });

  it('closes before it ever started', async () => {
    const queue = await open(url);
    queue.wake('pump', 'a');
    const calledAt = Date.now();
    await Promise.all([queue.close(5_000), queue.close(5_000)]);
    expect(Date.now() - calledAt).toBeLessThan(2_000);
  });
});

describe.skipIf(!redisUrl)('JobQueue BullMQ, several processes', () => {
  const url = redisUrl ?? '';

  it('lets one process wake what another runs', async () => {
    const prefix = aPrefix();
    const web = await open(url, prefix);
    const worker = await open(url, prefix);
    const keys: string[] = [];
    worker.handle('pump', async (key) => void keys.push(key), { concurrency: 1 });
    await worker.start();
    web.wake('pump', 'a');
    web.wakeAfter('pump', 'b', 5);
    await until(() => keys.length === 2);
    await web.whenIdle();
  });

  it('never loses a wake of another process in the last moments of a run', { timeout: 60_000 }, async () => {
    const prefix = aPrefix();
    await wakeInLastMoments({ waker: await open(url, prefix), worker: await open(url, prefix) });
  });

  it('never runs a key in two of them at a time, and loses no wake', async () => {
    const prefix = aPrefix();
    const queues = [await open(url, prefix), await open(url, prefix), await open(url, prefix)];
    const witness = aWitness();
    const written = new Map<string, number>();
    const read = new Map<string, number>();
    for (const queue of queues) {
      const handler = (key: string) =>
        witness.watch(key, async () => {
          read.set(key, written.get(key) ?? 0);
          await sleep(Math.random() * 2);
        });
      queue.handle('pump', handler, { concurrency: 4 });
      await queue.start();
    }
    for (let i = 0; i < 3_000; i++) {
      const key = `key-${i % 5}`;
      written.set(key, i);
      queues[i % queues.length]?.wake('pump', key);
      if (i % 10 === 0) await sleep(1);
    }
    for (const queue of queues) await queue.whenIdle();
    expect(witness.overlaps).toBe(0);
    expect(read).toEqual(written);
  });

  it('sets the next delayed wake although the process that fired the last one lags behind', async () => {
    const prefix = aPrefix();
    await using slowWay = await aSlowWayTo(url, 50);
    const slow = await open(slowWay.url, prefix);
    const fast = await open(url, prefix);
    const gate = aGate();
    const keys: string[] = [];
    const handler = async (key: string) => {
      keys.push(key);
      if (key === 'blocker') await gate.opened;
      else fast.wakeAfter('pump', key, A_LONG_TIME_MS);
    };
    fast.handle('pump', handler, { concurrency: 1 });
    await fast.start();
    fast.wake('pump', 'blocker');
    await until(() => keys.length === 1);
    slow.handle('pump', handler, { concurrency: 1 });
    await slow.start();
    fast.wakeAfter('pump', 'a', 5);
    // The slow one has fired it, and Redis does not know yet that it is done: now the fast one runs the key.
    await until(async () => (await fast.depth()).waiting === 1);
    gate.open();
    await until(() => keys.length === 2);
    await fast.whenIdle();
    expect((await fast.depth()).delayed).toBe(1);
  });

  it('keeps the earliest delayed wake of all of them', async () => {
    const prefix = aPrefix();
    const queues = [await open(url, prefix), await open(url, prefix), await open(url, prefix)];
    const [first, second, third] = queues as [JobQueue, JobQueue, JobQueue];
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`);
    for (const key of keys) first.wakeAfter('pump', key, 3 * A_LONG_TIME_MS);
    await until(async () => (await first.depth()).delayed === keys.length);
    for (const key of keys) {
      first.wakeAfter('pump', key, 2 * A_LONG_TIME_MS);
      second.wakeAfter('pump', key, 300);
      third.wakeAfter('pump', key, A_LONG_TIME_MS);
    }
    for (const queue of queues) await queue.whenIdle();
    expect((await first.depth()).delayed).toBe(keys.length);
    const ran = new Set<string>();
    first.handle('pump', async (key) => void ran.add(key), { concurrency: 4 });
    await first.start();
    await until(() => ran.size === keys.length);
    await first.whenIdle();
    expect((await first.depth()).delayed).toBe(0);
    expect(reported).toEqual([]);
  });

  it('keeps a handler that takes many times its lock to itself', async () => {
    const prefix = aPrefix();
    const queues = [openWithLock(url, prefix, 200), openWithLock(url, prefix, 200)];
    const witness = aWitness();
    for (const queue of queues) {
      queue.handle('pump', (key) => witness.watch(key, () => sleep(1_500)), { concurrency: 2 });
      await queue.start();
    }
    queues[0]?.wake('pump', 'a');
    await until(() => witness.runs.length > 0);
    await queues[0]?.whenIdle();
    expect(witness.runs).toEqual(['a']);
    expect(reported).toEqual([]);
  });

  it('runs again what a killed process was running', async () => {
    const prefix = aPrefix();
    const queue = openWithLock(url, prefix, 300);
    queue.wake('pump', 'a');
    await until(async () => (await queue.depth()).waiting === 1);
    for (let crash = 0; crash < 3; crash++) await crashDuringRun(url, prefix, 'pump');
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, async () => {}), { concurrency: 1 });
    await queue.start();
    await until(() => witness.runs.length > 0);
    await queue.whenIdle();
    expect(witness.runs).toEqual(['a']);
  });
});

describe.skipIf(!canSpawnRedis)('JobQueue BullMQ, without its Redis', { timeout: 60_000 }, () => {
  const servers: RedisServer[] = [];

  afterAll(async () => {
    for (const server of servers) await server.remove();
  });

  async function aServer(): Promise<RedisServer> {
    const server = await RedisServer.create();
    servers.push(server);
    await server.start();
    return server;
  }

  it('goes on after FLUSHALL', async () => {
    const server = await aServer();
    const queue = await open(server.url);
    const keys: string[] = [];
    queue.handle('pump', async (key) => void keys.push(key), { concurrency: 2 });
    await queue.start();
    for (let round = 0; round < 20; round++) {
      queue.wakeAfter('pump', 'forgotten', A_LONG_TIME_MS);
      queue.wake('pump', `before-${round}`);
      await queue.whenIdle();
      await server.command('FLUSHALL');
      if (round % 2 === 0) await server.command('SCRIPT', 'FLUSH');
      queue.wake('pump', `after-${round}`);
      queue.wakeAfter('pump', `later-${round}`, 10);
      await until(() => keys.includes(`after-${round}`) && keys.includes(`later-${round}`));
    }
    await queue.whenIdle();
    expect(reported).toEqual([]);
  });

  it('keeps a key to itself in a process when FLUSHALL happens during a run', async () => {
    const server = await aServer();
    const queue = await open(server.url);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 4 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => witness.runs.length === 1);
    await server.command('FLUSHALL');
    queue.wake('pump', 'a');
    queue.wake('pump', 'b');
    await until(() => witness.runs.includes('b'));
    await until(async () => (await queue.depth()).active === 2);
    gate.open();
    await until(() => witness.runs.length === 3);
    await queue.whenIdle();
    expect(witness.overlaps).toBe(0);

    queue.wake('pump', 'a');
    await queue.whenIdle();
    expect(witness.runs).toEqual(['a', 'b', 'a', 'a']);
  });

  it('does not mistake a new job for one that FLUSHALL made it forget', async () => {
    const server = await aServer();
    const queue = openWithLock(server.url, aPrefix(), 200);
    const gates = new Map(['a', 'b'].map((key) => [key, aGate()]));
    const witness = aWitness();
    const handler = (key: string) => witness.watch(key, async () => gates.get(key)?.opened);
    queue.handle('pump', handler, { concurrency: 4 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => witness.runs.length === 1);
    await server.command('FLUSHALL');
    queue.wake('pump', 'b');
    await until(() => witness.runs.length === 2);
    gates.get('a')?.open();
    // As long as several locks: the one of "b" must have been renewed.
    await sleep(1_000);
    gates.get('b')?.open();
    await queue.whenIdle();
    expect(witness.runs).toEqual(['a', 'b']);
  });

  it('sends what was woken while Redis was away', async () => {
    const server = await aServer();
    const queue = await open(server.url);
    const keys: string[] = [];
    queue.handle('pump', async (key) => void keys.push(key), { concurrency: 2 });
    await queue.start();
    for (let round = 0; round < 3; round++) {
      queue.wake('pump', `before-${round}`);
      await queue.whenIdle();
      await server.kill();
      for (let i = 0; i < 1_000; i++) queue.wake('pump', `away-${round}`);
      queue.wakeAfter('pump', `delayed-${round}`, 5);
      await until(() => reported.length > 0);
      if (round === 2) await sleep(1_500);
      await server.start();
      await until(() => keys.includes(`away-${round}`) && keys.includes(`delayed-${round}`));
      queue.wake('pump', `after-${round}`);
      await queue.whenIdle();
    }
    expect(keys.filter((key) => key.startsWith('after'))).toHaveLength(3);
    // All connections tried again and again, and the log stays readable.
    expect(reported.length).toBeLessThan(10);
  });

  it('goes on after a restart during a run', async () => {
    const server = await aServer();
    const queue = await open(server.url);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 2 });
    await queue.start();
    queue.wake('pump', 'a');
    queue.wake('pump', 'b');
    await until(() => witness.runs.length === 2);
    await server.kill();
    gate.open();
    await server.start();
    queue.wake('pump', 'a');
    queue.wake('pump', 'c');
    await until(() => witness.runs.length === 4);
    await queue.whenIdle();
    expect(witness.overlaps).toBe(0);
  });

  it('starts before Redis does', async () => {
    const server = await aServer();
    await server.kill();
    const queue = await open(server.url);
    const keys: string[] = [];
    queue.handle('pump', async (key) => void keys.push(key), { concurrency: 2 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => reported.length > 0);
    await expect(queue.depth()).rejects.toThrow('Redis');
    await server.start();
    await until(() => keys.length === 1);
  });

  it('closes soon when Redis never answered', async () => {
    const server = await aServer();
    await server.kill();
    const queue = await open(server.url);
    queue.handle('pump', async () => {}, { concurrency: 2 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => reported.length > 0);
    const calledAt = Date.now();
    await queue.close(30_000);
    expect(Date.now() - calledAt).toBeLessThan(4_000);
  });

  it('closes soon when Redis is gone, and first waits for what runs', async () => {
    const server = await aServer();
    const queue = await open(server.url);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 2 });
    queue.handle('other', async () => {}, { concurrency: 2 });
    await queue.start();
    queue.wake('pump', 'a');
    await until(() => witness.runs.length === 1);
    await server.kill();
    await until(() => reported.length > 0);
    let closed = false;
    const closing = queue.close(30_000).then(() => (closed = true));
    await sleep(1_500);
    expect(closed).toBe(false);
    gate.open();
    const openedAt = Date.now();
    await closing;
    expect(Date.now() - openedAt).toBeLessThan(4_000);
  });

  it('does not spin while Redis refuses to write', async () => {
    const server = await aServer();
    const queue = openWithLock(server.url, aPrefix(), 500);
    const gate = aGate();
    const witness = aWitness();
    queue.handle('pump', (key) => witness.watch(key, () => gate.opened), { concurrency: 1 });
    await queue.start();
    queue.wake('pump', 'a');
    queue.wake('pump', 'b');
    await until(() => witness.runs.length === 1);
    await server.command('REPLICAOF', '127.0.0.1', '1');
    queue.wake('pump', 'refused');
    await until(() => reported.some(({ key }) => key === 'refused'));
    gate.open();
    const before = await server.commandsProcessed();
    await sleep(1_500);
    expect((await server.commandsProcessed()) - before).toBeLessThan(100);
    expect(reported.length).toBeLessThan(10);
    await server.command('REPLICAOF', 'NO', 'ONE');
    await until(() => witness.runs.includes('b'));
    await queue.whenIdle();
  });
});

describe('JobQueue, after all of this', () => {
  it('leaves nothing behind that keeps the process alive', async () => {
    await until(() => whatKeepsAlive() <= aliveAtFirst);
  });
});

/** A worker that takes a job and dies by SIGKILL while it runs. */
async function crashDuringRun(url: string, prefix: string, name: string): Promise<void> {
  const program = `
    import { Worker } from 'bullmq';
    const [url, prefix, name] = process.argv.slice(1);
    const options = { prefix, lockDuration: 300, stalledInterval: 300, maxStalledCount: 1000 };
    const run = () => { console.log('running'); return new Promise(() => {}); };
    new Worker(name, run, { ...options, connection: { url, maxRetriesPerRequest: null } }).on('error', () => {});
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, url, prefix, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A process far from Redis: what it confirms arrives later than what others do meanwhile. */
async function aSlowWayTo(url: string, delayMs: number) {
  const target = new URL(url);
  const proxy = createServer((near) => {
    const far = connect(Number(target.port || 6379), target.hostname);
    near.on('data', (chunk) => setTimeout(() => far.writable && far.write(chunk), delayMs));
    far.on('data', (chunk) => near.writable && near.write(chunk));
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {}).on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const slow = new URL(url);
  slow.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return { url: slow.href, [Symbol.asyncDispose]: async () => void proxy.close() };
}

/** A Redis of its own, that forgets everything when it is killed. */
class RedisServer {
  private child?: ChildProcess;

  private constructor(
    private readonly port: number,
    private readonly directory: string,
  ) {}

  static async create(): Promise<RedisServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    return new RedisServer(port, await mkdtemp(join(tmpdir(), 'job-queue-')));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.directory];
    this.child = spawn('redis-server', [...args, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
    const redis = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    redis.on('error', () => {});
    await redis.ping();
    redis.disconnect();
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async command(name: string, ...args: string[]): Promise<unknown> {
    const redis = new Redis(this.url);
    try {
      return await redis.call(name, ...args);
    } finally {
      redis.disconnect();
    }
  }

  async commandsProcessed(): Promise<number> {
    const stats = String(await this.command('INFO', 'stats'));
    return Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]);
  }
}
