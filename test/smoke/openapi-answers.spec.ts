import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBuiltServer } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';
import { examplesOf, fetchDocument, mediaOf, nameOf, operationsOf, schemaChecker } from '../support/openapi-document.js';
import type { Document, Operation, Schema } from '../support/openapi-document.js';
import type { Answer, Caller } from '../support/start-test-app.js';

/** What a later one needs is made by an earlier one. */
const CREDENTIALS = ['api-keys', 'signing-keys', 'oauth-client'].map((name) => `applications/{id}/${name}`);
const CREATION_ORDER = [
  'agents', 'business-hours', 'departments', 'visitors', 'visitors/{id}/tracks', 'callbacks', 'callbacks/{id}/recover', 'conversations', 'messages', 'canned-replies', 'tickets', 'tickets/{id}/comments', 'crm/customers', 'crm/orders', 'applications', ...CREDENTIALS, 'organizations', 'organizations/{id}/api-keys',
];
const METHOD_ORDER = ['get', 'put', 'post', 'delete'];
const TOO_LARGE = JSON.stringify({ text: 'x'.repeat(1024 * 1024) });

/** Sends what the document shows and holds every answer against what the document says. */
describe('the answers of the built server', () => {
  let server: BuiltServer;
  let document: Document;
  let operations: Operation[];
  let check: (schema: Schema, value: unknown) => string | null;
  /** Ids of the examples, and what stands for them on this server. */
  const made = new Map<string, string>();

  beforeAll(async () => {
    // A worker would send the events of this test to the examples' addresses. The instants of the examples grow old.
    server = await startBuiltServer({ ROLES: 'api', EVENT_RETENTION_DAYS: '36500' });
    document = await fetchDocument(server.url);
    operations = operationsOf(document);
    check = schemaChecker(document);
  }, 60_000);

  afterAll(() => server?.stop());

  async function send(operation: Operation, options: { as?: Caller; body?: unknown; query?: string; headers?: Record<string, string>; path?: string } = {}): Promise<Answer> {
    const { as = server.api, body, query = neededQueryOf(operation), headers } = options;
    const path = options.path ?? translated(operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameterOf(operation, name)!.example)));
    const answer = await as.send(operation.method.toUpperCase(), `/${path}${query}`, body, headers);
    expect(faultsOf(operation, answer), `${nameOf(operation)} ${answer.status} ${answer.text}`).toEqual([]);
    return answer;
  }

  /** In what an answer is not as documented. */
  function faultsOf(operation: Operation, answer: Answer): string[] {
    const response = operation.responses[String(answer.status)];
    if (response === undefined) return ['this status is not documented'];
    const headers = Object.keys(response.headers).filter((name) => document.components.headers[name]!.required === true && answer.headers.get(name) === null);
    const faults = headers.map((name) => `${name} is missing`);
    const [type] = Object.keys(response.content ?? {});
    if (type === undefined) return answer.text === '' ? faults : [...faults, 'a body is not documented'];
    if (answer.headers.get('content-type')?.includes(type) !== true) faults.push(`it is ${answer.headers.get('content-type')}`);
    const mismatch = check(mediaOf(response)!.schema, answer.body ?? answer.text);
    if (mismatch !== null) faults.push(mismatch);
    const isKnownCode = answer.status < 400 || answer.body.code in mediaOf(response)!.examples!;
    return isKnownCode ? faults : [...faults, 'this code is not documented'];
  }

  /** These are for an agent with a log-in of its own, and end it. */
  function isOfOwnLogin(operation: Operation): boolean {
    const forbidden = operation.responses['403'];
    return forbidden !== undefined && 'auth.login_required' in mediaOf(forbidden)!.examples!;
  }

  function parameterOf(operation: Operation, name: string) {
    return operation.parameters.find((parameter) => parameter.name === name);
  }

  /** What an operation does not do without. */
  function neededQueryOf(operation: Operation): string {
    const needed = operation.parameters.filter((parameter) => parameter.in === 'query' && parameter.required === true);
    return needed.length === 0 ? '' : `?${needed.map(({ name, schema }) => `${name}=${encodeURIComponent(String(schema.examples?.[0] ?? schema.enum?.[0]))}`).join('&')}`;
  }

  function translated(text: string): string {
    return [...made].reduce((result, [example, real]) => result.replaceAll(example, real), text);
  }

  function bodiesOf(operation: Operation): unknown[] {
    return examplesOf(mediaOf(operation.requestBody)).map((example) => JSON.parse(translated(JSON.stringify(example))) as unknown);
  }

  function noteIds(operation: Operation, answer: Answer): void {
    const [shown] = examplesOf(mediaOf(operation.responses[String(answer.status)])) as Record<string, any>[];
    const pairs = Array.isArray(shown?.data) ? [[shown.data[0]?.id, answer.body.data[0]?.id]] : [[shown?.id, answer.body?.id], [shown?.refresh_token, answer.body?.refresh_token]];
    for (const [example, real] of pairs) {
      if (typeof example === 'string' && typeof real === 'string' && !made.has(example)) made.set(example, real);
    }
  }

  /** What is reopened has ended, and what is merged into another is there once. */
  async function prepare({ path }: Operation): Promise<void> {
    if (path.endsWith('/merge')) made.set('vis_01k5x6j3q8v4m2n7p9r1s5t6w1', (await server.api.post('/visitors', {})).body.id);
    if (path.endsWith('/reopen')) await send(operations.find((operation) => operation.method === 'delete' && `${operation.path}/reopen` === path)!);
  }

  it('are those of the examples, as they stand', async () => {
    const creations = CREATION_ORDER.map((name) => operations.find(({ method, path }) => method === 'post' && path === `/api/v1/${name}`)!);
    for (const operation of creations) {
      for (const body of bodiesOf(operation)) {
        const answer = await send(operation, { body });
        expect([201, 202], nameOf(operation)).toContain(answer.status);
        noteIds(operation, answer);
      }
    }
    const rest = operations
      .filter((operation) => !creations.includes(operation) && !isOfOwnLogin(operation))
      .toSorted((a, b) => METHOD_ORDER.indexOf(a.method) - METHOD_ORDER.indexOf(b.method) || a.path.length - b.path.length);
    for (const operation of rest) {
      // Nothing is disabled or ended before the last moment: see the test of what is gone.
      if (operation.method === 'delete') continue;
      await prepare(operation);
      const bodies = bodiesOf(operation);
      for (const body of bodies.length === 0 ? [undefined] : bodies) {
        const answer = await send(operation, { body });
        expect(answer.status, `${nameOf(operation)} ${answer.text}`).toBeLessThan(300);
        noteIds(operation, answer);
      }
    }
  });

  it('refuse a missing, a wrong and a doubled credential', async () => {
    for (const operation of operations.filter(({ security }) => security.length > 0)) {
      const [body] = bodiesOf(operation);
      const credentials: Record<string, string>[] = [{}, { 'x-api-key': 'cdk_nobodysnobodysnobodysnobodys' }, { ...server.api.headers, authorization: 'Bearer x' }];
      const codes = [];
      for (const headers of credentials) {
        const answer = await send(operation, { as: server.as(headers), body });
        expect(answer.status).toBe(401);
        codes.push(answer.body.code);
      }
      expect(codes, nameOf(operation)).toEqual(['auth.credential_missing', 'auth.credential_invalid', 'auth.credential_ambiguous']);
    }
  });

  it('refuse an agent whose role lacks the scope', async () => {
    const { username, password } = bodiesOf(operations.find((operation) => nameOf(operation) === 'POST /api/v1/agents')!)[0] as Record<string, string>;
    const login = await server.as({}).post('/auth/login', { username, password });
    const agent = server.as({ authorization: `Bearer ${login.body.access_token}` });
    const scopes: string[] = (await agent.get('/auth/me')).body.scopes;
    const lacking = operations.filter((operation) => ![undefined, 'any', ...scopes].includes(operation['x-required-scope']));
    expect(lacking.length).toBeGreaterThan(0);
    for (const operation of lacking) {
      const answer = await send(operation, { as: agent, body: bodiesOf(operation)[0] });
      expect(answer.body, nameOf(operation)).toMatchObject({ code: 'auth.scope_missing', required_scope: operation['x-required-scope'] });
    }
  });

  it('refuse a body that is broken, too large, of another type, or has a field too many', async () => {
    for (const operation of operations.filter(({ requestBody }) => requestBody !== undefined)) {
      // One of 8 MiB is cut off before fetch has sent it: test/contract/rest-errors.spec.ts does that.
      const takesLarge = 'x-max-body-bytes' in operation;
      const statuses = [];
      for (const [body, headers] of [['{', {}], [new Uint8Array([0x22, 0xff, 0x22]), {}], [TOO_LARGE, {}], ['{}', { 'content-type': 'text/plain' }], [{ colour: 'red' }, {}]] as const) {
        statuses.push((await send(operation, { body, headers })).status);
      }
      expect(statuses, nameOf(operation)).toEqual([400, 400, takesLarge ? 422 : 413, 415, 422]);
    }
  });

  it('refuse a query that no list takes, and sort as each list says', async () => {
    for (const operation of operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'limit'))) {
      for (const query of ['?limit=0', '?colour=red', '?cursor=x']) {
        expect((await send(operation, { query })).body.errors, nameOf(operation)).toHaveLength(1);
      }
      const known = (await send(operation, { query: '?sort=nothing' })).body.errors[0].message.replace(/^.* by (.*)\.$/, '$1').split(', ');
      const sorts = parameterOf(operation, 'sort')!.schema.enum as string[];
      expect(sorts, nameOf(operation)).toEqual(expect.arrayContaining(known));
      for (const sort of sorts) {
        const filter = known.includes(sort) ? '' : `&conversation_id=${made.get('cnv_01k5x6j3q8v4m2n7p9r1s5t6w0')}`;
        expect((await send(operation, { query: `?include_total=true&sort=${sort}${filter}` })).status, `${nameOf(operation)} ${sort}`).toBe(200);
      }
      expect((await send(operation, { query: `?sort=${sorts[0]}` })).body.data, nameOf(operation)).toEqual((await send(operation)).body.data);
    }
  });

  it('do not find what is not there', async () => {
    for (const operation of operations.filter(({ path }) => path.includes('{'))) {
      // Makes it, under this id.
      if (operation.method === 'put' && operation.path.startsWith('/api/v1/crm/')) continue;
      const path = operation.path.replaceAll(/\{(\w+)\}/g, 'nobody_01k5x6j3q8v4m2n7p9r1s5t6w0');
      const answer = await send(operation, { path, body: bodiesOf(operation)[0] });
      expect(answer.status, nameOf(operation)).toBe(404);
    }
  });

  it('happen once under an Idempotency-Key, and refuse its use for something else', async () => {
    // An endpoint has one recovery at a time, and no worker ends the one from above.
    await send(operations.find(({ method, path }) => method === 'delete' && path.endsWith('/recoveries/{recovery_id}'))!);
    // A key is rotated once, which has been done above.
    const repeatable = operations.filter(({ path, ...rest }) => parameterOf({ path, ...rest }, 'Idempotency-Key') !== undefined && !/-keys\/.*\/rotate$/.test(path));
    for (const [index, operation] of repeatable.filter((candidate) => !isOfOwnLogin(candidate)).entries()) {
      await prepare(operation);
      const body = bodiesOf(operation)[0] as Record<string, unknown> | undefined;
      const names = /\/(departments|business-hours)$/.test(operation.path) ? ['name'] : ['username', 'external_id', 'ticket_id', 'shortcut', 'slug'];
      const unique = names.find((name) => body !== undefined && name in body);
      const fresh = unique === undefined ? body : { ...body, [unique]: `fresh-${index}` };
      const key = { 'idempotency-key': `key-${index}` };
      const [first, second] = [await send(operation, { body: fresh, headers: key }), await send(operation, { body: fresh, headers: key })];
      expect(first.status, nameOf(operation)).toBeLessThan(300);
      expect([second.status, second.body], nameOf(operation)).toEqual([first.status, first.body]);
      expect([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')]).toEqual([null, 'true']);
      expect((await send(operation, { body: { ...fresh, more: 1 }, headers: key })).body.code).toBe('idempotency.key_reused');
      const withoutKey = unique === undefined ? 409 : (await send(operation, { body: fresh })).status;
      expect(withoutKey, nameOf(operation)).toBe(409);
    }
  });

  it('change nothing for an If-Match of something else, and go by the ETag that was read', async () => {
    for (const operation of operations.filter((candidate) => parameterOf(candidate, 'If-Match') !== undefined)) {
      const [body] = bodiesOf(operation);
      expect((await send(operation, { body, headers: { 'if-match': '"another"' } })).status, nameOf(operation)).toBe(412);
      if (operation.method === 'delete') continue;
      const read = operations.find(({ method, path }) => method === 'get' && path === operation.path.replace(/\/status$/, ''))!;
      const etag = (await send(read)).headers.get('etag')!;
      expect((await send(operation, { body, headers: { 'if-match': etag } })).status, nameOf(operation)).toBe(200);
    }
  });

  it('let things end', async () => {
    const endings = operations.filter(({ method }) => method === 'delete').toSorted((a, b) => CREATION_ORDER.indexOf(b.tags[0]!) - CREATION_ORDER.indexOf(a.tags[0]!) || b.path.length - a.path.length);
    for (const operation of endings) expect((await send(operation)).status, nameOf(operation)).toBeLessThan(300);
  });
});
