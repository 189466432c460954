import { request } from 'node:http';
import { ModulesContainer } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import { expect } from 'vitest';
import { VisitorPresence } from '../../src/modules/visitors/visitor-presence.contract.js';
import { startCallbackSink } from '../support/callback-sink.js';
import { PushedFigureDto } from '../../src/modules/statistics/pushed/push.dto.js';
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

/** Bodies that are one thing or an array of them, which no type of a handler's parameter tells. */
const ONE_OR_SEVERAL: Record<string, unknown> = { 'POST /statistics/push': PushedFigureDto };
const A_REPORT = '?type=conversation&start_date=2026-03-01&end_date=2026-03-31&dimensions=agent,date';
/** What a GET does not do without. */
const QUERIES: Record<string, string> = { '/statistics/report': A_REPORT, '/statistics/report.csv': A_REPORT };

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
        bodyFields: body.length > 0 ? body : fieldNames(ONE_OR_SEVERAL[`${method.toUpperCase()} ${path.slice(PREFIX.length)}`] ?? Object),
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
  /** One that may be merged. */
  otherVisitorId: string;
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
  expect((await caller.post(`/conversations/${conversationId}/accept`)).status).toBe(200);
  const hoursId = await make('/business-hours', { name: 'office', time_zone: 'UTC', weekly: {} });
  await make('/business-hours', { name: 'shop', time_zone: 'UTC', weekly: {} });
  const departmentId = await make('/departments', { name: 'sales' });
  await make('/departments', { name: 'returns' });
  const cannedReplyId = await make('/canned-replies', { shortcut: '/hi', title: 'Hi', content: 'Hello.' });
  await make('/canned-replies', { shortcut: '/bye', title: 'Bye', content: 'Good bye.' });
  const ticketId = await make('/tickets', { title: 'Parcel', conversation_id: conversationId });
  await make('/tickets', { title: 'Refund' });
  const commentId = await make(`/tickets/${ticketId}/comments`, { content: 'first' });
  await make(`/tickets/${ticketId}/comments`, { content: 'second' });
  for (const category of ['a', 'b']) expect((await caller.put(`/tickets/${ticketId}`, { category })).status).toBe(200);
  // Ids of outside systems, that no other organization of the test has.
  const [customerId, orderId] = [`customer_${ticketId.slice(4)}`, `order_${ticketId.slice(4)}`];
  for (const customer_id of [customerId, `${customerId}-2`]) await make('/crm/customers', { customer_id });
  for (const order_id of [orderId, `${orderId}-2`]) await make('/crm/orders', { order_id, customer_id: customerId });
  for (const title of ['Invoice', 'Address']) await make('/tickets', { title, customer_id: customerId });
  const { id: customersVisitorId } = (await caller.post('/visitors', { customer_id: customerId })).body;
  for (let count = 0; count < 2; count++) await make('/conversations', { visitor_id: customersVisitorId });
  const otherVisitorId = await make('/visitors', { external_id: 'customer-9' });
  const { organization_id: home } = (await caller.get('/auth/me')).body;
  await make(`/visitors/${visitorId}/tracks`, { url: 'https://shop.example.com/' });
  const trackId = await make(`/visitors/${visitorId}/tracks`, { url: 'https://shop.example.com/parcels' });
  for (const id of [visitorId, otherVisitorId]) await app.app.get(VisitorPresence).arrived({ id, organizationId: home });
  const applicationId = await make('/applications', { name: 'Orders', scopes: ['*'] });
  const keyId = await make(`/applications/${applicationId}/api-keys`, { name: 'Production' });
  await make(`/applications/${applicationId}/api-keys`, { name: 'Test' });
  const signingKeyId = await make(`/applications/${applicationId}/signing-keys`, { name: 'Production' });
  await make(`/applications/${applicationId}/signing-keys`, { name: 'Test' });
  const clientId = await make(`/applications/${applicationId}/oauth-client`, { name: 'Production' });
  await make(`/applications/${applicationId}/oauth-client`, { name: 'Test' });
  await make('/applications', { name: 'Widget', scopes: ['messages:read'] });
  const organizationId = (await caller.get('/auth/me')).body.organization_id as string;
  const organizationKeyId = await make(`/organizations/${organizationId}/api-keys`, { name: 'Second' });
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
    otherVisitorId,
    ids: {
      'agents.id': agentId,
      'visitors.id': visitorId,
      'tracks.track_id': trackId,
      'conversations.id': conversationId,
      'messages.id': messageId,
      'canned-replies.id': cannedReplyId,
      'departments.id': departmentId,
      'business-hours.id': hoursId,
      'tickets.id': ticketId,
      'comments.comment_id': commentId,
      'customers.customer_id': customerId,
      'orders.order_id': orderId,
      'events.id': (await caller.get('/events?limit=1')).body.data[0].id,
      'callbacks.id': callbackId,
      'deliveries.delivery_id': deliveries[0].id,
      'recoveries.recovery_id': recoveryId,
      'applications.id': applicationId,
      'api-keys.key_id': keyId,
      'signing-keys.key_id': signingKeyId,
      'oauth-client.client_id': clientId,
      'organizations.id': organizationId,
      'organization-keys.key_id': organizationKeyId,
    },
  };
}

function anHourAgo(): string {
  return new Date(Date.now() - 3_600_000).toISOString();
}

/** Under which key `World.ids` has what stands for a parameter: the segment before it, and its name. */
export function idKeyOf({ path }: Operation, parameter: string): string {
  if (parameter === 'key_id' && path.startsWith('/organizations/')) return 'organization-keys.key_id';
  return `${/([^/]+)\/$/.exec(path.split(`{${parameter}}`, 1)[0]!)![1]!}.${parameter}`;
}

/** The path with this world's ids, or with others in their place. */
export function pathOf(operation: Operation, world: World, others: Record<string, string> = {}): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const key = idKeyOf(operation, name);
    const id = others[name] ?? world.ids[key];
    if (id === undefined) throw new Error(`Make one in aWorld() and name it in ids: ${key}`);
    return id;
  });
  return path + (operation.method === 'GET' ? (QUERIES[operation.path] ?? '') : '');
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
const CUSTOMER = { name: '张三', phone: '13800138000', email: 'zhang.san@example.com', level: 'VIP', tags: ['重要客户'], metadata: { industry: 'retail' } };
const ORDER = { customer_id: 'C-1001', amount: '9999.00', currency: 'CNY', status: 'paid', items: [{ sku: 'A-1', quantity: 2 }], create_time: '2023-10-26T12:00:00.000Z' };
const APPLICATION = {
  name: 'Order system', scopes: ['messages:read', 'messages:write'], ip_allowlist: ['127.0.0.0/8', '::1'], rate_limit: { limit: 1000, window_seconds: 60 },
  data_scope: { departments: ['support'], channels: ['web'], agent_ids: [] }, enabled: true,
};
const BUSINESS_HOURS = {
  name: 'night shift', time_zone: 'Asia/Shanghai', weekly: { monday: [{ from: '09:00', to: '18:00' }], saturday: [{ from: '22:00', to: '02:00' }] },
  holidays: [{ date: '2026-12-24', name: 'Christmas Eve', hours: [{ from: '09:00', to: '12:00' }] }],
};
const DEPARTMENT = {
  name: 'night', description: 'By night', is_default: false, skills: ['billing'], off_hours: 'ticket', assignment_timeout_seconds: 60, inactivity_close_seconds: 3600,
};
const CANNED_REPLY = { shortcut: '/sorry', title: 'Sorry', content: 'We are sorry.', tags: ['parcel'] };
const PUBLIC_KEY = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n';
const OAUTH_CLIENT = { name: 'Web shop', redirect_uris: ['https://shop.example.com/oauth/callback'], grant_types: ['authorization_code', 'refresh_token'] };

/** By operation. A new route with a body needs its entry here, and then is covered like the others. */
export function validBodies(world: World): Record<string, ValidBodies> {
  const conversation = { category: 'order', department: 'support', subject: 'Parcel', priority: 'high', skills: ['billing'], tags: ['parcel'], metadata: { page: '/' } };
  const agentId = world.ids['agents.id'];
  const conversationId = world.ids['conversations.id'];
  const ticket = {
    ticket_id: 'T-1', title: 'Parcel', content: 'It is lost.', priority: 'high', category: 'parcel', status: 'open', handler: agentId, department: 'support',
    conversation_id: conversationId, customer_id: 'C-1001', due_at: '2099-01-01T00:00:00.000Z', tags: ['parcel'],
  };
  return {
    'POST /agents': { bodies: [AGENT], required: ['username'] },
    'PUT /agents/{id}': { bodies: [AGENT], required: [] },
    'PUT /agents/{id}/status': { bodies: [{ status: 'away' }], required: ['status'] },
    'POST /visitors': { bodies: [VISITOR], required: [] },
    'PUT /visitors/{id}': { bodies: [VISITOR], required: [] },
    'POST /visitors/{id}/merge': { bodies: [{ visitor_id: world.otherVisitorId }], required: ['visitor_id'] },
    'POST /visitors/{id}/tracks': {
      bodies: [{ url: 'https://shop.example.com/', title: 'Shop', referrer: 'https://example.com/', at: new Date().toISOString(), metadata: { campaign: 'spring' } }],
      required: ['url'],
    },
    'POST /conversations': {
      bodies: [{ visitor: VISITOR, channel: 'web', agent_id: agentId, ...conversation }, { visitor_id: world.visitorId }],
      required: [],
    },
    'PUT /conversations/{id}': { bodies: [{ channel: 'web', agent_id: agentId, status: 'pending', ...conversation }], required: [] },
    'POST /conversations/{id}/assign': { bodies: [{ agent_id: agentId }], required: ['agent_id'] },
    'POST /conversations/{id}/transfer': { bodies: [{ agent_id: agentId, reason: 'Knows the customer' }, { department: 'support' }], required: [] },
    'POST /conversations/{id}/rating': { bodies: [{ score: 5, comment: 'Quick' }], required: ['score'] },
    'POST /business-hours': { bodies: [BUSINESS_HOURS], required: ['name', 'time_zone', 'weekly'] },
    'PUT /business-hours/{id}': { bodies: [BUSINESS_HOURS], required: [] },
    'POST /canned-replies': {
      bodies: [{ scope: 'department', department: 'support', ...CANNED_REPLY }, { scope: 'agent', agent_id: agentId, ...CANNED_REPLY }],
      required: ['shortcut', 'title', 'content'],
    },
    'PUT /canned-replies/{id}': { bodies: [CANNED_REPLY], required: [] },
    'POST /departments': { bodies: [{ ...DEPARTMENT, business_hours_id: world.ids['business-hours.id'] }], required: ['name'] },
    'PUT /departments/{id}': { bodies: [{ ...DEPARTMENT, business_hours_id: world.ids['business-hours.id'] }], required: [] },
    'POST /messages': {
      bodies: [{ conversation_id: conversationId, sender: { type: 'visitor', id: world.visitorId }, type: 'text', content: 'hi', metadata: { source: 'app' }, client_msg_no: 'n-1' }],
      required: ['conversation_id', 'type', 'content', 'sender'],
    },
    'POST /messages/batch': { bodies: [{ messages: [{ conversation_id: conversationId, sender: { type: 'visitor' }, type: 'text', content: 'hi', client_msg_no: 'n-2' }] }], required: ['messages'] },
    'POST /conversations/{id}/read': { bodies: [{ up_to_seq: 1, reader: { type: 'visitor', id: world.visitorId } }], required: [] },
    'POST /conversations/{id}/delivered': { bodies: [{ up_to_seq: 1, reader: { type: 'visitor', id: world.visitorId } }], required: [] },
    'PUT /messages/{id}': { bodies: [{ content: 'edited', metadata: { source: 'app' } }], required: [] },
    'POST /tickets': { bodies: [ticket], required: ['title'] },
    'PUT /tickets/{id}': { bodies: [ticket], required: [] },
    'POST /tickets/{id}/status': {
      bodies: [{ status: 'processing', handler: 'wang', update_time: '2023-10-26 12:00:00', comment: 'Asked the carrier.' }, { ticket_id: world.ids['tickets.id'], status: 'processing' }],
      required: ['status'],
    },
    'POST /tickets/{id}/comments': { bodies: [{ content: 'It is looked for.', author: 'wang' }], required: ['content'] },
    'POST /callbacks': { bodies: [{ ...CALLBACK, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }], required: ['url', 'events'] },
    'PUT /callbacks/{id}': { bodies: [CALLBACK], required: [] },
    'POST /callbacks/{id}/rotate-secret': { bodies: [{ overlap_seconds: 0 }, { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' }], required: [] },
    'POST /callbacks/{id}/recover': { bodies: [{ since: anHourAgo(), until: new Date().toISOString(), include_succeeded: false }], required: ['since'] },
    'POST /callbacks/{id}/test': { bodies: [{ event: 'message.received' }], required: ['event'] },
    'POST /crm/customers': { bodies: [{ customer_id: 'C-1001', owner_agent_id: agentId, ...CUSTOMER }], required: ['customer_id'] },
    'PUT /crm/customers/{customer_id}': { bodies: [{ customer_id: world.ids['customers.customer_id'], owner_agent_id: agentId, ...CUSTOMER }], required: [] },
    'POST /crm/customers/batch': { bodies: [{ customers: [{ customer_id: 'C-1001', ...CUSTOMER }] }], required: ['customers'] },
    'POST /crm/orders': { bodies: [{ order_id: 'O-2001', ...ORDER }], required: ['order_id'] },
    'PUT /crm/orders/{order_id}': { bodies: [{ order_id: world.ids['orders.order_id'], ...ORDER }], required: [] },
    'POST /import': {
      bodies: [{ conversations: [{ external_id: 'old-1', visitor: VISITOR, created_at: '2025-11-03 09:30:00' }], announce: false }],
      required: ['conversations'],
    },
    'POST /crm/orders/batch': { bodies: [{ orders: [{ order_id: 'O-2001', ...ORDER }] }], required: ['orders'] },
    'POST /applications': { bodies: [APPLICATION], required: ['name', 'scopes'] },
    'PUT /applications/{id}': { bodies: [APPLICATION], required: [] },
    'POST /applications/{id}/api-keys': { bodies: [{ name: 'Production', scopes: ['messages:read'], expires_at: '2099-01-01T00:00:00Z' }], required: ['name'] },
    'POST /applications/{id}/api-keys/{key_id}/rotate': { bodies: [{ overlap_seconds: 3600 }], required: [] },
    'POST /applications/{id}/signing-keys': { bodies: [{ name: 'Production', algorithm: 'ed25519', public_key: PUBLIC_KEY, expires_at: '2099-01-01T00:00:00Z' }], required: [] },
    'POST /applications/{id}/signing-keys/{key_id}/rotate': { bodies: [{ overlap_seconds: 3600, public_key: PUBLIC_KEY }], required: [] },
    'POST /applications/{id}/oauth-client': { bodies: [{ ...OAUTH_CLIENT, token_endpoint_auth_method: 'client_secret_basic' }], required: [] },
    'PUT /applications/{id}/oauth-client/{client_id}': { bodies: [OAUTH_CLIENT], required: [] },
    'POST /applications/{id}/oauth-client/{client_id}/rotate': { bodies: [{ overlap_seconds: 3600 }], required: [] },
    'POST /statistics/push': {
      bodies: [{ type: 'conversation', metrics: { total: 100, success: 90 }, dimension: { date: '2023-10-26', hour: 9, agent_id: 'xxx', department: 'support', channel: 'web', category: 'order', priority: 'high', status: 'closed' } }],
      required: ['type', 'metrics', 'dimension'],
    },
    'POST /organizations': { bodies: [{ slug: 'initech', name: 'Initech', time_zone: 'Asia/Shanghai' }], required: ['slug', 'name'] },
    'PUT /organizations/{id}': { bodies: [{ name: 'Initrode', time_zone: 'Europe/Berlin' }], required: [] },
    'POST /organizations/{id}/api-keys': { bodies: [{ name: 'Second', scopes: ['audit:read'], expires_at: '2099-01-01T00:00:00Z' }], required: ['name'] },
    'POST /organizations/{id}/api-keys/{key_id}/rotate': { bodies: [{ overlap_seconds: 3600 }], required: [] },
    'POST /auth/login': { bodies: [{ username: 'li', password: 'password of li', organization: 'acme' }], required: ['username', 'password'] },
    'PUT /auth/password': { bodies: [{ current_password: 'password of li', new_password: 'new password of li' }], required: ['current_password', 'new_password'] },
    'POST /auth/refresh': { bodies: [{ refresh_token: 'cdr_4Zt0aJ8m1x2c3v4b5n6m7q8w9e0r' }], required: ['refresh_token'] },
  };
}

/** Makes what is not there yet, under the id of the path. */
export function makesWhatIsMissing({ method, path }: Operation): boolean {
  return method === 'PUT' && path.startsWith('/crm/');
}

/** About all organizations, and so for the operator alone. */
export function isOperators({ path }: Operation): boolean {
  return path === '/organizations';
}

/** What the operator does to organizations other than its own. */
export function reachesOthers({ path }: Operation): boolean {
  return path.startsWith('/organizations/');
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
    if (page.body.code === 'organization.operator_only') continue;
    expect(page.status, page.text).toBe(200);
    totals[path] = page.body.total;
  }
  return totals;
}

/** Those that answer pages. */
export function listsAmong(operations: readonly Operation[]): Operation[] {
  return operations.filter(({ method, queryFields }) => method === 'GET' && queryFields.includes('cursor'));
}
