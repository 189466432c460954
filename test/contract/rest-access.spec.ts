import { afterAll, describe, expect, it } from 'vitest';
import { ALL_SCOPES } from '../../src/kernel/principal.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';
import { aWorld, anOrganization, expectInvalid, expectProblem, isOperators, nameOf, operationsOf, pathOf, validBodies } from './rest-routes.js';
import type { Body, Operation } from './rest-routes.js';

/** What anybody may call, and nothing else. */
const PUBLIC_OPERATIONS = ['POST /auth/login', 'POST /auth/refresh'];
/** What only the service itself decides. None of them is a writable field of any resource but where named. */
const NOT_THE_CALLERS: Body = {
  id: 'msg_00000000000000000000000000', organization_id: 'org_00000000000000000000000000', role: 'admin', created_at: '2020-01-01T00:00:00.000Z',
  updated_at: '2020-01-01T00:00:00.000Z', operator: true, number: 1, seq: 1, position: 1, password_hash: 'x', visibility: { kind: 'all' },
};

const app = await startTestApp();
const operations = await operationsOf(app);
const acme = await anOrganization(app, 'acme');
const world = await aWorld(app, acme);
const bodies = validBodies(world);
const closed = operations.filter(({ scope }) => scope !== undefined);

afterAll(() => app.close());

/** A key of an application of acme's that has these scopes and no others. */
async function aKeyWith(scopes: readonly string[]): Promise<Caller> {
  const application = await acme.post('/applications', { name: scopes.join(' ').slice(0, 100), scopes });
  expect(application.status, application.text).toBe(201);
  const key = await acme.post(`/applications/${application.body.id}/api-keys`, { name: 'key' });
  expect(key.status, key.text).toBe(201);
  return app.as({ 'x-api-key': key.body.key });
}

function send(caller: Caller, operation: Operation, over: Body = {}) {
  const body = bodies[nameOf(operation)]?.bodies[0];
  return caller.send(operation.method, pathOf(operation, world), body === undefined ? undefined : { ...body, ...over });
}

describe('without a credential', () => {
  it('only these may be called', () => {
    expect(operations.filter(({ scope }) => scope === undefined).map(nameOf).sort()).toEqual(PUBLIC_OPERATIONS);
  });

  it.each(closed)('$method $path is closed', async (operation) => {
    expectProblem(await send(app.as({}), operation), 401, 'auth.credential_missing');
  });
});

describe('a key that has every scope but the one that is needed', async () => {
  const scopes = [...new Set(closed.map(({ scope }) => scope!))].filter((scope) => scope !== 'any');
  const lacking = new Map<string, Caller>();
  for (const scope of scopes) lacking.set(scope, await aKeyWith(ALL_SCOPES.filter((each) => each !== scope)));

  it('finds each needed scope among those that can be given', () => {
    expect(scopes.filter((scope) => !ALL_SCOPES.includes(scope))).toEqual([]);
  });

  it.each(closed.filter(({ scope }) => scope !== 'any'))('may not $method $path', async (operation) => {
    const problem = expectProblem(await send(lacking.get(operation.scope!)!, operation), 403, 'auth.scope_missing');
    expect(problem.required_scope).toBe(operation.scope);
  });
});

describe('a key that has just the needed scope', async () => {
  const reading = closed.filter(({ method, scope }) => method === 'GET' && scope !== 'any');
  const having = new Map<string, Caller>();
  for (const scope of new Set(reading.map((operation) => operation.scope!))) having.set(scope, await aKeyWith([scope]));

  it.each(reading)('may $method $path', async (operation) => {
    const answer = await send(having.get(operation.scope!)!, operation);
    expect(answer.status, answer.text).toBe(200);
  });
});

describe('what is not the caller\'s to say', () => {
  it.each(operations.filter(({ bodyFields }) => bodyFields.length > 0))('is refused by $method $path', async (operation) => {
    for (const [field, value] of Object.entries(NOT_THE_CALLERS)) {
      if (operation.bodyFields.includes(field)) continue;
      const caller = isOperators(operation) ? app.api : acme;
      expectInvalid(await send(caller, operation, { [field]: value }), field);
    }
  });
});
