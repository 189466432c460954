import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { created, tally, unique } from '../support/desk.js';
import { signal } from '../support/open-database.js';
import type { Answer, Caller } from '../support/start-test-app.js';

/** What every hashing waits for before it begins; the hashing itself is the real one. */
const hashing = vi.hoisted(() => ({ begun: 0, wait: async (): Promise<void> => undefined }));

vi.mock('@node-rs/argon2', async (importOriginal) => {
  const real = await importOriginal<typeof import('@node-rs/argon2')>();
  return {
    ...real,
    hash: async (...args: Parameters<typeof real.hash>) => {
      hashing.begun += 1;
      await hashing.wait();
      return real.hash(...args);
    },
  };
});

/** More than there are connections to the database. */
const MANY = 16;
const PASSWORD = 'the password of an agent';

describe('hashing the password of an agent that is made under an Idempotency-Key', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterEach(() => {
    hashing.wait = async () => undefined;
  });

  afterAll(() => cluster.close());

  const make = (username: string, key: string, password = PASSWORD): Promise<Answer> => api.post('/agents', { username, password }, { 'idempotency-key': key });

  it('holds up no other one', async () => {
    const all = signal();
    const before = hashing.begun;
    hashing.wait = () => {
      if (hashing.begun === before + MANY) all.give();
      return all.promise;
    };
    const names = Array.from({ length: MANY }, () => unique('agent'));
    const answers = await Promise.all(names.map((name) => make(name, `key of ${name}`.replaceAll(' ', '-'))));
    expect(tally(answers)).toEqual({ 201: MANY });
    expect(hashing.begun).toBe(before + MANY);
    expect((await cluster.b.login(names.at(-1)!, PASSWORD)).token).toEqual(expect.any(String));
  });

  it('holds up no other change, and keeps the key', async () => {
    const [begun, goOn] = [signal(), signal()];
    hashing.wait = () => {
      begun.give();
      return goOn.promise;
    };
    const [name, key] = [unique('agent'), unique('key')];
    const first = make(name, key);
    await begun.promise;
    await created(api.post('/visitors', {}));
    await created(api.post('/visitors', {}, { 'idempotency-key': unique('key') }));
    expect(await make(name, key)).toMatchObject({ status: 409, body: { code: 'idempotency.in_progress' } });
    goOn.give();
    const { status, text } = await first;
    expect(status).toBe(201);

    const before = hashing.begun;
    const again = await make(name, key);
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([201, text, 'true']);
    expect(hashing.begun).toBe(before);
    await cluster.a.login(name, PASSWORD);
  }, 10_000);

  it('is no obstacle to a refusal, after which the key is free', async () => {
    const [name, key] = [unique('agent'), unique('key')];
    await created(make(name, unique('key')));
    expect(await make(name, key)).toMatchObject({ status: 409, body: { code: 'agent.username_taken' } });
    expect(await make(unique('agent'), key, 'short')).toMatchObject({ status: 422 });
    hashing.wait = () => Promise.reject(new Error('no memory'));
    expect((await make(unique('agent'), key)).status).toBe(500);
    hashing.wait = async () => undefined;
    expect((await make(unique('agent'), key)).status).toBe(201);
  });
});
