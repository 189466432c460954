import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '../../src/kernel/clock.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { IdempotencyCleanup } from '../../src/platform/idempotency/idempotency-cleanup.js';
import { IdempotencyKeys } from '../../src/platform/idempotency/idempotency-keys.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { aWorld, anOrganization, expectInvalid, expectProblem, isOperators, listsAmong, operationsOf, pathOf, census, sendRaw, validBodies } from './rest-routes.js';
import type { Body, Operation } from './rest-routes.js';

class MovableClock extends Clock {
  private ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  forward(ms: number): void {
    this.ahead += ms;
  }
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const IN_PROGRESS = 'idempotency.in_progress';

const clock = new MovableClock();
const app = await startTestApp({ clock });
const operations = await operationsOf(app);
const lists = listsAmong(operations);
const acme = await anOrganization(app, 'acme');
const globex = await anOrganization(app, 'globex');
const world = await aWorld(app, acme);
const bodies = validBodies(world);
const unitOfWork = app.app.get(UnitOfWork);
const keys = app.app.get(IdempotencyKeys);

afterAll(() => app.close());

let key: string;
let made = 0;
/** A visitor is merged once, so each test has one of its own. */
let mergeable: string;

beforeEach(() => {
  key = `key-${++made}`;
});

function withKey(caller: Caller, path: string, body?: unknown, given = key): Promise<Answer> {
  return caller.post(path, body, { 'idempotency-key': given });
}

function bodyFor(path: string): Body {
  const body = structuredClone(bodies[`POST ${path}`]!.bodies[0]!);
  for (const [name, value] of Object.entries({ username: `agent ${made}`, external_id: `c-${made}`, client_msg_no: `n-${made}`, slug: `org-${made}`, ticket_id: `T-${made}`, shortcut: `/s-${made}`, name: `name ${made}` })) {
    if (name in body) body[name] = value;
  }
  if (path === '/callbacks') Object.assign(body, { enabled: false });
  if (path === '/visitors/{id}/merge') Object.assign(body, { visitor_id: mergeable });
  return body;
}

function agent(username = `agent ${made}`): Body {
  return { username };
}

async function agentsCalled(username: string, caller = acme): Promise<number> {
  return (await caller.get(`/agents?limit=1&include_total=true&username=${encodeURIComponent(username)}`)).body.total;
}

function expectReplay(answer: Answer, first: Answer): void {
  expect(answer.headers.get('idempotency-replayed')).toBe('true');
  expect(answer.status).toBe(first.status);
  expect(answer.text).toBe(first.text);
  for (const name of ['location', 'etag', 'content-type']) expect(answer.headers.get(name), name).toBe(first.headers.get(name));
  expect(answer.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
}

/** To log out ends the very log-in whose key it would be. */
const POSTS = operations.filter(({ method, scope, path }) => method === 'POST' && scope !== undefined && path !== '/auth/logout');

/** A key is rotated once, so each test has one of its own. */
async function aRotatable(operation: Operation): Promise<Record<string, string>> {
  const parent = operation.path.replace(/\/\{key_id\}\/rotate$/, '');
  if (parent === operation.path) return {};
  const created = await acme.post(pathOf({ ...operation, path: parent }, world), bodyFor(parent));
  expect(created.status, created.text).toBe(201);
  return { key_id: created.body.id };
}

/** What is reopened has ended. */
async function anEndedOne({ path }: Operation): Promise<Record<string, string>> {
  if (path !== '/conversations/{id}/reopen') return {};
  const { id } = (await acme.post('/conversations', { visitor: { external_id: `ended-${made}` } })).body;
  expect((await acme.delete(`/conversations/${id}`)).status).toBe(200);
  return { id };
}

describe.each(POSTS)('POST $path', (operation) => {
  let path: string;
  beforeEach(async () => {
    path = pathOf(operation, world, { ...(await aRotatable(operation)), ...(await anEndedOne(operation)) });
    if (operation.path === '/visitors/{id}/merge') mergeable = (await acme.post('/visitors', {})).body.id;
  });
  const caller = isOperators(operation) ? app.api : acme;
  const body = (): Body | undefined => (operation.bodyFields.length > 0 ? bodyFor(operation.path) : undefined);

  it('is done once and answered again', async () => {
    const input = body();
    const first = await withKey(caller, path, input);
    expect(first.status, first.text).toBeGreaterThanOrEqual(200);
    expect(first.status, first.text).toBeLessThan(300);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    await app.settle();
    const before = await census(acme, lists);
    for (let count = 0; count < 3; count++) expectReplay(await withKey(caller, path, input), first);
    expect(await census(acme, lists)).toEqual(before);
  });

  it('refuses the key with anything else', async () => {
    expect((await withKey(caller, path, body())).status).toBeLessThan(300);
    await app.settle();
    const before = await census(acme, lists);
    const others = [{ ...body(), description: 'other' }, {}, '{ }', [1]];
    for (const other of others) expectProblem(await withKey(caller, path, other), 422, 'idempotency.key_reused', `/api/v1${path}`);
    expectProblem(await withKey(caller, `${path}?a=1`, body()), 422, 'idempotency.key_reused');
    for (const elsewhere of ['/visitors', '/agents']) {
      if (elsewhere !== path) expectProblem(await withKey(caller, elsewhere, bodyFor(elsewhere)), 422, 'idempotency.key_reused');
    }
    expect(await census(acme, lists)).toEqual(before);
  });
});

describe('the answer that is kept', () => {
  it('holds a secret, and the table does not show it', async () => {
    const callback = bodyFor('/callbacks');
    delete callback.secret;
    const first = await withKey(acme, '/callbacks', callback);
    expect(first.body.secret).toMatch(/^whsec_/);
    expectReplay(await withKey(acme, '/callbacks', callback), first);
    const organization = await withKey(app.api, '/organizations', bodyFor('/organizations'), `${key}-2`);
    expectReplay(await withKey(app.api, '/organizations', bodyFor('/organizations'), `${key}-2`), organization);

    const rows = await unitOfWork.query<{ answer: string | null; status: number }>('SELECT * FROM idempotency_keys');
    expect(rows.length).toBeGreaterThan(2);
    const table = JSON.stringify(rows);
    for (const secret of [first.body.secret, first.body.secret.slice(6), organization.body.api_key.key, first.body.url, acme.headers['x-api-key']!, key]) {
      expect(table).not.toContain(secret);
      expect(table).not.toContain(Buffer.from(secret as string).toString('base64').slice(0, 16));
    }
    for (const { answer } of rows) expect(answer).not.toContain('whsec_');
  });

  it('is that of the first request, whatever became of the resource', async () => {
    const first = await withKey(acme, '/agents', agent());
    await acme.put(`/agents/${first.body.id}`, { nickname: 'changed', enabled: false });
    expectReplay(await withKey(acme, '/agents', agent()), first);
    const callback = await withKey(acme, '/callbacks', bodyFor('/callbacks'), `${key}-2`);
    await acme.delete(`/callbacks/${callback.body.id}`);
    expectReplay(await withKey(acme, '/callbacks', bodyFor('/callbacks'), `${key}-2`), callback);
  });

  it('keeps its status: a client_msg_no that came before is 200 again', async () => {
    const message = bodyFor('/messages');
    const first = await acme.post('/messages', message);
    expect(first.status).toBe(201);
    const second = await withKey(acme, '/messages', message);
    expect([second.status, second.body]).toEqual([200, first.body]);
    expectReplay(await withKey(acme, '/messages', message), second);
  });

  it('is the same for a body of the same bytes only', async () => {
    const first = await withKey(acme, '/agents', `{"username":"spaced ${made}"}`);
    expect(first.status).toBe(201);
    expectReplay(await withKey(acme, '/agents', `{"username":"spaced ${made}"}`), first);
    expectProblem(await withKey(acme, '/agents', `{ "username":"spaced ${made}"}`), 422, 'idempotency.key_reused');
  });

  it('does not stand in the way of PUT, DELETE and GET', async () => {
    const first = await withKey(acme, '/agents', agent());
    const headers = { 'idempotency-key': key };
    const path = `/agents/${first.body.id}`;
    for (const nickname of ['one', 'two']) {
      const answer = await acme.put(path, { nickname }, headers);
      expect([answer.status, answer.body.nickname, answer.headers.get('idempotency-replayed')]).toEqual([200, nickname, null]);
    }
    expect((await acme.get(path, headers)).body.nickname).toBe('two');
    expect((await acme.delete(path, headers)).status).toBe(204);
  });
});

describe('the key', () => {
  it('may have 255 visible characters, in quotes too', async () => {
    const long = `${key}${'~'.repeat(255 - key.length)}`;
    const first = await withKey(acme, '/agents', agent(), long);
    expect(first.status).toBe(201);
    expectReplay(await withKey(acme, '/agents', agent(), `"${long}"`), first);
    expectReplay(await withKey(acme, '/agents', agent(), long), first);
  });

  it.each(['', '""', 'x'.repeat(256), 'two words', 'two, keys', '\u00e9', 'x'.repeat(8000)])('%j is refused', async (bad) => {
    const body = JSON.stringify(agent());
    const answer = await sendRaw(acme, { method: 'POST', path: '/agents', body, headers: { 'content-type': 'application/json', 'idempotency-key': bad } });
    expectInvalid(answer, 'Idempotency-Key');
    expect(await agentsCalled(agent().username)).toBe(0);
  });

  it('is compared byte by byte', async () => {
    const answers = [];
    for (const [index, each] of [key, key.toUpperCase(), `${key}.`, `${key}'`].entries()) answers.push(await withKey(acme, '/agents', agent(`bytes ${made} ${index}`), each));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  });

  it('belongs to its caller', async () => {
    await acme.post('/agents', { username: `admin ${made}`, password: 'password of admin', role: 'admin' });
    const admin = await app.login(`admin ${made}`, 'password of admin', 'acme');
    const answers = [];
    for (const [index, caller] of [acme, globex, app.api, admin].entries()) {
      const answer = await withKey(caller, '/agents', agent(`caller ${made} ${index}`));
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, null]);
      answers.push(answer);
    }
    for (const [index, caller] of [acme, globex, app.api, admin].entries()) {
      expectReplay(await withKey(caller, '/agents', agent(`caller ${made} ${index}`)), answers[index]!);
    }
    const again = await app.login(`admin ${made}`, 'password of admin', 'acme');
    expectReplay(await withKey(again, '/agents', agent(`caller ${made} 3`)), answers[3]!);
  });

  it('answers nobody who may not call', async () => {
    const first = await withKey(acme, '/agents', agent());
    expectProblem(await withKey(app.as({}), '/agents', agent()), 401);
    expectProblem(await withKey(app.as({ 'x-api-key': 'cdk_wrong' }), '/agents', agent()), 401);
    expectReplay(await withKey(acme, '/agents', agent()), first);
  });
});

describe('many at once with the same key', () => {
  it.each(['/agents', '/visitors', '/conversations', '/messages', '/callbacks'])('POST %s happens once', async (path) => {
    const body = bodyFor(path);
    const before = await census(acme, lists);
    const answers = await Promise.all(Array.from({ length: 64 }, () => withKey(acme, path, body)));
    const first = answers.find(({ status, headers }) => status === 201 && headers.get('idempotency-replayed') === null)!;
    expect(first).toBeDefined();
    for (const answer of answers) {
      if (answer === first) continue;
      if (answer.status === 409) expectProblem(answer, 409, IN_PROGRESS);
      else expectReplay(answer, first);
    }
    expectReplay(await withKey(acme, path, body), first);
    const after = await census(acme, lists);
    expect(after[path]).toBe(before[path]! + 1);
  });

  it('different bodies: one happens, the others are refused', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => withKey(acme, '/agents', agent(`race ${made} ${index}`))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 201) expect([IN_PROGRESS, 'idempotency.key_reused']).toContain(expectProblem(answer, answer.status).code);
    expect((await acme.get('/agents?limit=100')).body.data.filter(({ username }: Body) => username.startsWith(`race ${made} `))).toHaveLength(1);
  });

  it('different keys do not wait for each other', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => withKey(acme, '/agents', agent(`many ${made} ${index}`), `${key}-${index}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 64 }, () => 201));
  });
});

describe('a request that failed', () => {
  it('422: the key is free for the corrected one', async () => {
    expectInvalid(await withKey(acme, '/agents', { username: '' }), 'username');
    expect((await withKey(acme, '/agents', agent())).status).toBe(201);
  });

  it('404 and 422 of the service: free as well', async () => {
    const message = { ...bodyFor('/messages'), conversation_id: 'cnv_00000000000000000000000000' };
    expectProblem(await withKey(acme, '/messages', message), 404, 'conversation.not_found');
    expectInvalid(await withKey(acme, '/conversations', { visitor_id: 'vis_00000000000000000000000000' }), 'visitor_id');
    expect((await withKey(acme, '/messages', bodyFor('/messages'))).status).toBe(201);
  });

  it('409: free as well, and nothing of it is left', async () => {
    await acme.post('/agents', agent(`taken ${made}`));
    const before = await census(acme, lists);
    for (let count = 0; count < 3; count++) {
      const answer = await withKey(acme, '/agents', agent(`taken ${made}`));
      expectProblem(answer, 409, 'agent.username_taken');
      expect(answer.headers.get('idempotency-replayed')).toBeNull();
    }
    expect(await census(acme, lists)).toEqual(before);
    expect((await withKey(acme, '/agents', agent(`free ${made}`))).status).toBe(201);
  });

  it('403: free as well', async () => {
    expectProblem(await withKey(acme, '/organizations', bodyFor('/organizations')), 403, 'organization.operator_only');
    expect((await withKey(acme, '/agents', agent())).status).toBe(201);
  });

  it('never reached the route, because its body could not be read: free as well', async () => {
    expectProblem(await withKey(acme, '/agents', '{"username":'), 400);
    expect((await withKey(acme, '/agents', agent())).status).toBe(201);
  });
});

describe('a request whose process died', () => {
  const START: Body = { status: null, answer: null };

  /** As a crash between the lease and the change leaves it. */
  async function crash(): Promise<Answer> {
    const done = await withKey(acme, '/agents', agent(`before ${made}`));
    expect(done.status).toBe(201);
    const [row] = await unitOfWork.query<{ key_hash: string }>('SELECT key_hash FROM idempotency_keys ORDER BY expires_at DESC, lease_until DESC LIMIT 1');
    await unitOfWork.run(() =>
      unitOfWork.transaction.query('UPDATE idempotency_keys SET status = ?, answer = ? WHERE key_hash = ?', [START.status, START.answer, row!.key_hash]),
    );
    await acme.put(`/agents/${done.body.id}`, { username: `moved ${made}` });
    return done;
  }

  it('holds the key for its lease, then another takes over', async () => {
    clock.forward(1);
    await crash();
    const again = (): Promise<Answer> => withKey(acme, '/agents', agent(`before ${made}`));
    expectProblem(await again(), 409, IN_PROGRESS);
    clock.forward(MINUTE - 5000);
    expectProblem(await again(), 409, IN_PROGRESS);
    clock.forward(10_000);
    const second = await again();
    expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expectReplay(await again(), second);
    expect(await agentsCalled(`before ${made}`)).toBe(1);
  });

  it('is taken over by one of many only', async () => {
    clock.forward(1);
    await crash();
    clock.forward(2 * MINUTE);
    const answers = await Promise.all(Array.from({ length: 16 }, () => withKey(acme, '/agents', agent(`before ${made}`))));
    expect(answers.filter(({ status, headers }) => status === 201 && headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(await agentsCalled(`before ${made}`)).toBe(1);
  });
});

// SQLite has one writer, so there the second one waits until the first has ended.
describe.runIf(process.env.TEST_MATRIX === 'servers')('a request that hangs for longer than its lease', () => {
  it('is overtaken, and then changes nothing', async () => {
    const organizationId = (await acme.get('/auth/me')).body.organization_id;
    const before = await census(acme, lists);
    const leaseToken = async (): Promise<string | undefined> => (await unitOfWork.query<{ lease_token: string }>('SELECT lease_token FROM idempotency_keys WHERE status IS NULL'))[0]?.lease_token;
    const until = async (happens: (token: string | undefined) => boolean): Promise<string> => {
      for (;;) {
        const token = await leaseToken();
        if (happens(token)) return token!;
      }
    };
    const requests: Promise<Answer>[] = [];
    await unitOfWork.run(async () => {
      // Every new conversation waits for this row.
      await unitOfWork.transaction.query('SELECT * FROM routing_locks WHERE organization_id = ? FOR UPDATE', [organizationId]);
      await unitOfWork.detached(async () => {
        requests.push(withKey(acme, '/conversations', { visitor: { external_id: 'waiting' } }));
        const first = await until((token) => token !== undefined);
        clock.forward(MINUTE + 1);
        requests.push(withKey(acme, '/conversations', { visitor: { external_id: 'waiting' } }));
        await until((token) => token !== undefined && token !== first);
      });
    });
    const [overtaken, second] = await Promise.all(requests);
    expectProblem(overtaken!, 409, IN_PROGRESS);
    expect(second!.status).toBe(201);
    expectReplay(await withKey(acme, '/conversations', { visitor: { external_id: 'waiting' } }), second!);
    const after = await census(acme, lists);
    expect(after['/conversations']).toBe(before['/conversations']! + 1);
    expect(after['/visitors']).toBe(before['/visitors']! + 1);
  });
});

describe('a lease that has lapsed', () => {
  const use = () => ({ keyHash: `${'0'.repeat(56)}${String(made).padStart(8, '0')}`, organizationId: 'org_00000000000000000000000000', fingerprint: 'f'.repeat(64) });
  const answer = (id: string) => ({ status: 201, location: null, body: { id } });
  const leaseOf = async (given = use()): Promise<string> => {
    const begun = await keys.begin(given);
    if (!('lease' in begun)) throw new Error('This key has an answer already.');
    return begun.lease;
  };

  it('does not let the first one store any more', async () => {
    const first = await leaseOf();
    await expect(keys.begin(use())).rejects.toMatchObject({ code: IN_PROGRESS });
    clock.forward(MINUTE + 1);
    const second = await leaseOf();
    expect(second).not.toBe(first);
    await expect(unitOfWork.run(() => keys.store(use().keyHash, first, answer('first')))).rejects.toMatchObject({ code: IN_PROGRESS });
    await unitOfWork.run(() => keys.store(use().keyHash, second, answer('second')));
    await expect(unitOfWork.run(() => keys.store(use().keyHash, first, answer('first')))).rejects.toMatchObject({ code: IN_PROGRESS });
    expect(await keys.begin(use())).toEqual({ answer: answer('second') });
  });

  it('and what the first one did goes back with it', async () => {
    const first = await leaseOf();
    clock.forward(MINUTE + 1);
    await leaseOf();
    const inserting = unitOfWork.run(async () => {
      await unitOfWork.transaction.query("UPDATE agents SET nickname = 'written without the lease' WHERE id = ?", [world.ids['agents.id']]);
      await keys.store(use().keyHash, first, answer('first'));
    });
    await expect(inserting).rejects.toMatchObject({ code: IN_PROGRESS });
    expect((await acme.get(`/agents/${world.ids['agents.id']}`)).body.nickname).not.toBe('written without the lease');
  });

  it('lets the first one finish while nobody has taken over', async () => {
    const first = await leaseOf();
    clock.forward(MINUTE + 1);
    await unitOfWork.run(() => keys.store(use().keyHash, first, answer('first')));
    expect(await keys.begin(use())).toEqual({ answer: answer('first') });
  });

  it('releases only what is its own', async () => {
    const first = await leaseOf();
    clock.forward(MINUTE + 1);
    const second = await leaseOf();
    await keys.release(use().keyHash, first);
    await expect(keys.begin(use())).rejects.toMatchObject({ code: IN_PROGRESS });
    await keys.release(use().keyHash, second);
    await leaseOf();
  });
});

describe('after 24 hours', () => {
  it('the key is new', async () => {
    const body = bodyFor('/callbacks');
    const first = await withKey(acme, '/callbacks', body);
    clock.forward(DAY - MINUTE);
    expectReplay(await withKey(acme, '/callbacks', body), first);
    clock.forward(2 * MINUTE);
    const second = await withKey(acme, '/callbacks', body);
    expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expect(second.body.id).not.toBe(first.body.id);
    expectReplay(await withKey(acme, '/callbacks', body), second);
  });

  it('the key is new for another body too', async () => {
    expect((await withKey(acme, '/agents', agent(`old ${made}`))).status).toBe(201);
    clock.forward(DAY + MINUTE);
    expect((await withKey(acme, '/agents', agent(`new ${made}`))).status).toBe(201);
  });

  it('many at once begin it anew once', async () => {
    expect((await withKey(acme, '/visitors', { name: 'old' })).status).toBe(201);
    clock.forward(DAY + MINUTE);
    const answers = await Promise.all(Array.from({ length: 16 }, () => withKey(acme, '/visitors', { name: 'old' })));
    expect(answers.filter(({ status, headers }) => status === 201 && headers.get('idempotency-replayed') === null)).toHaveLength(1);
  });

  it('the answers are deleted, and those that are still wanted are not', async () => {
    await withKey(acme, '/agents', agent(`old ${made}`));
    clock.forward(DAY + MINUTE);
    const kept = await withKey(acme, '/agents', agent(`kept ${made}`), `${key}-2`);
    const count = async (): Promise<number> => Number((await unitOfWork.query<{ n: number }>('SELECT COUNT(*) AS n FROM idempotency_keys'))[0]!.n);
    expect(await count()).toBeGreaterThan(50);
    expect(await keys.deleteExpired(10)).toBe(10);
    await app.app.get(IdempotencyCleanup).run();
    expect(await count()).toBe(1);
    expectReplay(await withKey(acme, '/agents', agent(`kept ${made}`), `${key}-2`), kept);
  });
});
