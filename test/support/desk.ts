import { expect } from 'vitest';
import type { Answer, Caller, TestApp } from './start-test-app.js';

export type Resource = Record<string, any> & { id: string };

let made = 0;

/** A name that no other test of this file has. */
export function unique(prefix: string): string {
  return `${prefix}-${process.pid.toString(36)}-${(made += 1)}`;
}

export async function created(answer: Promise<Answer>): Promise<Resource> {
  const { status, body, text } = await answer;
  expect(`${status} ${status === 201 ? '' : text}`).toBe('201 ');
  return body;
}

export function anAgent(api: Caller, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/agents', { username: unique('agent'), status: 'online', ...over }));
}

/** An agent that can log in, and its calls. */
export async function aLogin(app: TestApp, over: Record<string, unknown> = {}): Promise<{ agent: Resource; as: Caller & { token: string } }> {
  const password = 'the password of an agent';
  const agent = await anAgent(app.api, { password, ...over });
  return { agent, as: await app.login(agent['username'], password) };
}

/** An integration, and its calls with a key of its own. */
export async function anApplication(app: TestApp, over: Record<string, unknown> = {}, api: Caller = app.api): Promise<{ application: Resource; as: Caller & { token: string } }> {
  const application = await created(api.post('/applications', { name: unique('application'), scopes: ['*'], ...over }));
  const { key } = await created(api.post(`/applications/${application.id}/api-keys`, { name: 'key' }));
  return { application, as: Object.assign(app.as({ 'x-api-key': key }), { token: key as string }) };
}

export function aConversation(api: Caller, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/conversations', { visitor: { external_id: unique('visitor') }, ...over }));
}

export function aMessage(api: Caller, conversation: Resource, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'hello', ...over }));
}

export function aTicket(api: Caller, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/tickets', { title: unique('ticket'), ...over }));
}

export interface LoggedEvent {
  id: string;
  event: string;
  timestamp: number;
  data: Record<string, any>;
  position: number;
}

/** All events after a position, in order, read from the end of the log through as many pages as it takes. */
export async function eventsAfter(api: Caller, position: number, query = ''): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let cursor = '';
  for (;;) {
    const { body, status } = await api.get(`/events?limit=100&sort=-position${cursor}${query}`);
    expect(status).toBe(200);
    const page = body.data as LoggedEvent[];
    found.push(...page.filter((event) => event.position > position));
    if (!body.has_more || page.some((event) => event.position <= position)) return found.reverse();
    cursor = `&cursor=${body.next_cursor}`;
  }
}

export async function lastPosition(api: Caller): Promise<number> {
  const { body } = await api.get('/events?limit=1&sort=-position');
  return body.data[0]?.position ?? 0;
}

/** What `work` made happen: its answer and the events that it left in the log. */
export async function during<T>(api: Caller, work: () => Promise<T>): Promise<{ answer: T; events: LoggedEvent[] }> {
  const before = await lastPosition(api);
  const answer = await work();
  return { answer, events: await eventsAfter(api, before) };
}

/** A further organization and calls with its first key. */
export async function anOrganization(app: TestApp): Promise<{ organization: Resource; api: Caller }> {
  const slug = unique('org');
  const organization = await created(app.api.post('/organizations', { slug, name: slug }));
  return { organization, api: app.as({ 'x-api-key': organization['api_key'].key }) };
}

/** How many answers had which status: `{ 201: 1, 409: 11 }`. */
export function tally(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

export function anEndpoint(api: Caller, url: string, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/callbacks', { url, events: ['*'], retry: { schedule_seconds: [0, 0, 0] }, ...over }));
}

/** The oldest first. */
export async function deliveriesOf(api: Caller, endpoint: Resource, query = ''): Promise<Resource[]> {
  const { body } = await api.get(`/callbacks/${endpoint.id}/deliveries?limit=100&sort=created_at${query}`);
  return body.data;
}

/** With all its attempts. */
export async function deliveryOf(api: Caller, endpoint: Resource, id: string): Promise<Resource> {
  return (await api.get(`/callbacks/${endpoint.id}/deliveries/${id}`)).body;
}
