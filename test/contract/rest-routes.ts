import { request } from 'node:http';
import { ModulesContainer } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import { expect } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { Answer, Caller, TestApp } from '../support/start-test-app.js';

export type Body = Record<string, any>;

/** One operation of the API, as its own OpenAPI document names it. */
export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/api/v1`, `/agents/{id}`. */
  path: string;
  /** Undefined for a public one. */
  scope: string | undefined;
  parameters: string[];
  bodyFields: string[];
  queryFields: string[];
  takesIfMatch: boolean;
}

const PREFIX = '/api/v1';

export async function operationsOf(app: TestApp): Promise<Operation[]> {
  const document = (await app.as({}).get('//docs-json')).body;
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries<Body>(document.paths)) {
    if (!path.startsWith(`${PREFIX}/`)) continue;
    for (const method of ['get', 'post', 'put', 'delete'].filter((name) => name in item)) {
      const { query, body } = inputsOf(app, item[method].operationId);
      operations.push({
        method: method.toUpperCase() as Operation['method'],
        path: path.slice(PREFIX.length),
        scope: item[method]['x-required-scope'],
        parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!),
        bodyFields: body,
        queryFields: query,
        takesIfMatch: (item[method].parameters ?? []).some(({ name }: Body) => name === 'If-Match'),
      });
    }
  }
  return operations;
}

/** The fields that the handler's DTO classes know. */
function inputsOf(app: TestApp, operationId: string): { query: string[]; body: string[] } {
  const [controller, handler] = operationId.split('_') as [string, string];
  for (const module of app.app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (metatype?.name !== `${controller}Controller`) continue;
      const types = Reflect.getMetadata('design:paramtypes', (metatype as any).prototype, handler) as any[];
      const args = Object.entries<any>(Reflect.getMetadata('__routeArguments__', metatype, handler) ?? {});
      const fieldsOf = (kind: string): string[] => args.filter(([key]) => key.startsWith(`${kind}:`)).flatMap(([, { index }]) => fieldNames(types[index]));
      return { body: fieldsOf('3'), query: fieldsOf('4') };
    }
  }
  throw new Error(`No controller has ${operationId}`);
}

function fieldNames(dto: any): string[] {
  return [...new Set(getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false).map(({ propertyName }) => propertyName))];
}

/** An organization of its own with two of everything in it. */
export interface World {
  caller: Caller;
  /** What a path parameter stands for: `agents.id`. */
  ids: Record<string, string>;
  visitorId: string;
}

export async function anOrganization(app: TestApp, slug: string): Promise<Caller> {
  const made = await app.api.post('/organizations', { slug, name: slug });
  expect(made.status).toBe(201);
  return app.as({ 'x-api-key': made.body.api_key.key });
}

export async function aWorld(app: TestApp, caller: Caller): Promise<World> {
  const sink = await startCallbackSink();
  const make = async (path: string, body: Body): Promise<string> => {
    const answer = await caller.post(path, body);
    expect(answer.status, answer.text).toBe(201);
    return answer.body.id;
  };
  const callbackId = await make('/callbacks', { url: sink.url, events: ['agent.created'] });
  const agentId = await make('/agents', { username: 'li', password: 'password of li', status: 'online', max_conversations: 100 });
  const conversationId = await make('/conversations', { visitor: { external_id: 'customer-1' } });
  const visitorId = (await caller.get(`/conversations/${conversationId}`)).body.visitor_id;
  const message = { conversation_id: conversationId, sender: { type: 'visitor' }, type: 'text', content: 'hello' };
  const messageId = await make('/messages', message);
  // A second one of each, so that every list has a second page.
  await make('/messages', message);
  await make('/agents', { username: 'zhao' });
  await make('/callbacks', { url: sink.url, events: ['visitor.updated'] });
  await make('/conversations', { visitor: { external_id: 'customer-0' } });
  const applicationId = await make('/applications', { name: 'Orders', scopes: ['*'] });
  const keyId = await make(`/applications/${applicationId}/api-keys`, { name: 'Production' });
  await make(`/applications/${applicationId}/api-keys`, { name: 'Test' });
  const signingKeyId = await make(`/applications/${applicationId}/signing-keys`, { name: 'Production' });
  await make(`/applications/${applicationId}/signing-keys`, { name: 'Test' });
  const clientId = await make(`/applications/${applicationId}/oauth-client`, { name: 'Production' });
  await make(`/applications/${applicationId}/oauth-client`, { name: 'Test' });
  await make('/applications', { name: 'Widget', scopes: ['messages:read'] });
  await app.settle();
  const deliveries = (await caller.get(`/callbacks/${callbackId}/deliveries`)).body.data;
  expect(deliveries).toMatchObject([{ status: 'succeeded' }, { status: 'succeeded' }]);
  const recover = async (): Promise<string> => {
    const begun = await caller.post(`/callbacks/${callbackId}/recover`, { since: anHourAgo() });
    expect(begun.status, begun.text).toBe(202);
    await app.settle();
    return begun.body.id;
  };
  await recover();
  const recoveryId = await recover();
  await sink.close();
  return {
    caller,
    visitorId,
    ids: {
      'agents.id': agentId,
      'visitors.id': visitorId,
      'conversations.id': conversationId,
      'messages.id': messageId,
      'events.id': (await caller.get('/events?limit=1')).body.data[0].id,
      'callbacks.id': callbackId,
      'deliveries.delivery_id': deliveries[0].id,
      'recoveries.recovery_id': recoveryId,
      'applications.id': applicationId,
      'api-keys.key_id': keyId,
      'signing-keys.key_id': signingKeyId,
      'oauth-client.client_id': clientId,
    },
  };
}

function anHourAgo(): string {
  return new Date(Date.now() - 3_600_000).toISOString();
}

/** Under which key `World.ids` has what stands for a parameter: the segment before it, and its name. */
export function idKeyOf({ path }: Operation, parameter: string): string {
  return `${/([^/]+)\/$/.exec(path.split(`{${parameter}}`, 1)[0]!)![1]!}.${parameter}`;
}

/** The path with this world's ids, or with others in their place. */
export function pathOf(operation: Operation, world: World, others: Record<string, string> = {}): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const key = idKeyOf(operation, name);
    const id = others[name] ?? world.ids[key];
    if (id === undefined) throw new Error(`Make one in aWorld() and name it in ids: ${key}`);
    return id;
  });
}

/** Bodies that together hold every field, and the fields without which a body is refused. */
export interface ValidBodies {
  bodies: Body[];
  required: string[];
}

const VISITOR = {
  external_id: 'customer-2', name: '张三', email: 'zhang.san@example.com', mobile: '13800138000', avatar_url: 'https://example.com/z.png', language: 'zh-CN',
  visitor_type: 'member', tags: ['vip'], metadata: { plan: 'gold' }, customer_id: 'C-1001', push_info: 'apns:8f2c', my_data: 'free text',
};
const AGENT = {
  username: 'wang', password: 'password of wang', nickname: 'Wang', email: 'wang@example.com', mobile: '13900139000', avatar_url: 'https://example.com/w.png',
  role: 'agent', department: 'support', skills: ['billing'], max_conversations: 5, status: 'online', enabled: true,
};
const CALLBACK = {
  url: 'https://receiver.example.com/crossdesk', events: ['message.*'], format: 'native', format_options: {}, signing: 'hmac', ordering: 'per_conversation',
  batch: { max_items: 10, max_wait_ms: 500 }, rate_limit: { limit: 100, window_seconds: 60 }, headers: { 'x-team': 'billing' }, timeout_ms: 5000,
  retry: { schedule_seconds: [0, 5] }, filter: { departments: ['support'], channels: ['web'] }, enabled: true, description: 'Billing',
};
const APPLICATION = {
  name: 'Order system', scopes: ['messages:read', 'messages:write'], ip_allowlist: ['127.0.0.0/8', '::1'], rate_limit: { limit: 1000, window_seconds: 60 },
  data_scope: { departments: ['support'], channels: ['web'], agent_ids: [] }, enabled: true,
};
const PUBLIC_KEY = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n';
const OAUTH_CLIENT = { name: 'Web shop', redirect_uris: ['https://shop.example.com/oauth/callback'], grant_types: ['authorization_code', 'refresh_token'] };

/** By operation. A new route with a body needs its entry here, and then is covered like the others. */
export function validBodies(world: World): Record<string, ValidBodies> {
  const conversation = { category: 'order', department: 'support', subject: 'Parcel', priority: 'high', skills: ['billing'], tags: ['parcel'], metadata: { page: '/' } };
  const agentId = world.ids['agents.id'];
  const conversationId = world.ids['conversations.id'];
  return {
    'POST /agents': { bodies: [AGENT], required: ['username'] },
    'PUT /agents/{id}': { bodies: [AGENT], required: [] },
    'PUT /agents/{id}/status': { bodies: [{ status: 'away' }], required: ['status'] },
    'POST /visitors': { bodies: [VISITOR], required: [] },
    'PUT /visitors/{id}': { bodies: [VISITOR], required: [] },
    'POST /conversations': {
      bodies: [{ visitor: VISITOR, channel: 'web', agent_id: agentId, ...conversation }, { visitor_id: world.visitorId }],
      required: [],
    },
    'PUT /conversations/{id}': { bodies: [{ agent_id: agentId, status: 'pending', ...conversation }], required: [] },
    'POST /messages': {
      bodies: [{ conversation_id: conversationId, sender: { type: 'visitor', id: world.visitorId }, type: 'text', content: 'hi', metadata: { source: 'app' }, client_msg_no: 'n-1' }],
      required: ['conversation_id', 'type', 'content', 'sender'],
    },
    'PUT /messages/{id}': { bodies: [{ content: 'edited', metadata: { source: 'app' } }], required: [] },
    'POST /callbacks': { bodies: [{ ...CALLBACK, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }], required: ['url', 'events'] },
    'PUT /callbacks/{id}': { bodies: [CALLBACK], required: [] },
    'POST /callbacks/{id}/rotate-secret': { bodies: [{ overlap_seconds: 0 }, { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' }], required: [] },
    'POST /callbacks/{id}/recover': { bodies: [{ since: anHourAgo(), until: new Date().toISOString(), include_succeeded: false }], required: ['since'] },
    'POST /callbacks/{id}/test': { bodies: [{ event: 'message.received' }], required: ['event'] },
    'POST /applications': { bodies: [APPLICATION], required: ['name', 'scopes'] },
    'PUT /applications/{id}': { bodies: [APPLICATION], required: [] },
    'POST /applications/{id}/api-keys': { bodies: [{ name: 'Production', scopes: ['messages:read'], expires_at: '2099-01-01T00:00:00Z' }], required: ['name'] },
    'POST /applications/{id}/api-keys/{key_id}/rotate': { bodies: [{ overlap_seconds: 3600 }], required: [] },
    'POST /applications/{id}/signing-keys': { bodies: [{ name: 'Production', algorithm: 'ed25519', public_key: PUBLIC_KEY, expires_at: '2099-01-01T00:00:00Z' }], required: [] },
    'POST /applications/{id}/signing-keys/{key_id}/rotate': { bodies: [{ overlap_seconds: 3600, public_key: PUBLIC_KEY }], required: [] },
    'POST /applications/{id}/oauth-client': { bodies: [{ ...OAUTH_CLIENT, token_endpoint_auth_method: 'client_secret_basic' }], required: [] },
    'PUT /applications/{id}/oauth-client/{client_id}': { bodies: [OAUTH_CLIENT], required: [] },
    'POST /applications/{id}/oauth-client/{client_id}/rotate': { bodies: [{ overlap_seconds: 3600 }], required: [] },
    'POST /organizations': { bodies: [{ slug: 'initech', name: 'Initech', time_zone: 'Asia/Shanghai' }], required: ['slug', 'name'] },
    'POST /auth/login': { bodies: [{ username: 'li', password: 'password of li', organization: 'acme' }], required: ['username', 'password'] },
    'PUT /auth/password': { bodies: [{ current_password: 'password of li', new_password: 'new password of li' }], required: ['current_password', 'new_password'] },
    'POST /auth/refresh': { bodies: [{ refresh_token: 'cdr_4Zt0aJ8m1x2c3v4b5n6m7q8w9e0r' }], required: ['refresh_token'] },
  };
}

export function nameOf({ method, path }: Operation): string {
  return `${method} ${path}`;
}

const LEAKS = /node_modules|\bat \S+ \(|\.[jt]s:\d+|SELECT |INSERT |UPDATE |DELETE FROM|SQLITE_|\bER_|typeorm|QueryFailed|FST_|undefined is not/;

/** Everything that every error answer has. Returns the document. */
export function expectProblem(answer: Answer, status: number, code?: string | RegExp, path?: string): Body {
  const problem = answer.body as Body;
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/);
  expect(problem).toEqual(expect.objectContaining({
    type: expect.stringMatching(/^urn:crossdesk:problem:/), title: expect.stringMatching(/./), status, detail: expect.stringMatching(/./),
    instance: expect.stringMatching(/^\//), code: expect.stringMatching(/^[a-z_]+(\.[a-z0-9_]+)+$/), request_id: answer.headers.get('x-request-id'),
  }));
  expect(problem.type).toBe(`urn:crossdesk:problem:${problem.code}`);
  expect(answer.text).not.toMatch(LEAKS);
  if (path !== undefined) expect(problem.instance).toBe(path.split('?', 1)[0]);
  if (code !== undefined) expect(problem.code).toMatch(code instanceof RegExp ? code : new RegExp(`^${code.replaceAll('.', '\\.')}$`));
  if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
  if (status === 405) expect(problem.allowed).toEqual(answer.headers.get('allow')!.split(', '));
  if (status === 422 && problem.code === 'request.invalid') {
    expect(problem.errors.length).toBeGreaterThan(0);
    for (const error of problem.errors) {
      expect(error).toEqual({ field: expect.any(String), code: expect.stringMatching(/^[a-z0-9_.]+$/), message: expect.stringMatching(/./) });
    }
  }
  return problem;
}

export function expectInvalid(answer: Answer, field?: string): void {
  const { errors } = expectProblem(answer, 422, 'request.invalid');
  if (field !== undefined) expect(errors.map((error: Body) => error.field.split(/[.[]/, 1)[0]), answer.text).toContain(field);
}

export interface RawRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** Without `Content-Length`. */
  chunked?: boolean;
}

/** A request with exactly these headers, which fetch would not let alone. Paths begin behind `/api/v1`. */
export function sendRaw(caller: Caller, { method, path, headers = {}, body = '', chunked = false }: RawRequest): Promise<Answer> {
  const bytes = Buffer.from(body);
  const framing = chunked ? { 'transfer-encoding': 'chunked' } : bytes.length > 0 ? { 'content-length': String(bytes.length) } : {};
  return new Promise((resolve, reject) => {
    const sent = request(caller.url + PREFIX + path, { method, agent: false, headers: { ...caller.headers, ...framing, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode!, headers: new Headers(response.headers as Record<string, string>), text, body: text.startsWith('{') ? JSON.parse(text) : undefined });
      });
    });
    // The server may have answered and closed while the rest of a refused body was still on its way.
    sent.on('error', (error) => setTimeout(() => reject(error), 500));
    for (let start = 0; start < bytes.length; start += 65_536) sent.write(bytes.subarray(start, start + 65_536));
    sent.end();
  });
}

/** How much each list of this caller holds, the log of events among them. */
export async function census(caller: Caller, lists: readonly Operation[]): Promise<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const { path, parameters } of lists) {
    if (parameters.length > 0) continue;
    const page = await caller.get(`${path}?limit=1&include_total=true`);
    expect(page.status, page.text).toBe(200);
    totals[path] = page.body.total;
  }
  return totals;
}

/** Those that answer pages. */
export function listsAmong(operations: readonly Operation[]): Operation[] {
  return operations.filter(({ method, queryFields }) => method === 'GET' && queryFields.includes('cursor'));
}
