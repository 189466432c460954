import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../src/kernel/clock.js';
import { EVENT_TYPES } from '../../src/kernel/domain-event.js';
import type { EventEnvelope, EventType } from '../../src/kernel/domain-event.js';
import { EVENT_CATALOGUE } from '../../src/kernel/event-catalogue.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { connectSocket } from '../support/socket-client.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/*
 * Makes every event happen and holds it against docs/event-examples.json, from which docs/events.md is made.
 * With RECORD_EVENT_EXAMPLES=1 it writes that file instead: npm run docs -- --record
 */

const EXAMPLES_FILE = new URL('../../docs/event-examples.json', import.meta.url);
const RECORDING = process.env.RECORD_EVENT_EXAMPLES === '1';
/** Holds whatever the caller has put in, so its shape says nothing. */
const FREE_FORM = 'metadata';
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

type Examples = Record<EventType, EventEnvelope>;

class SteppingClock extends Clock {
  private at = Date.parse('2026-03-01T09:30:00.000Z');

  override now(): number {
    return this.at;
  }

  step(seconds = 5): void {
    this.at += seconds * 1000;
  }
}

describe('the documented examples of events', () => {
  const clock = new SteppingClock();
  let app: TestApp;
  let sink: CallbackSink;
  let happened: EventEnvelope[];

  beforeAll(async () => {
    app = await startTestApp({ clock });
    sink = await startCallbackSink({ answer: ({ path }) => ({ status: path === '/gone' ? 410 : 500 }) });
    const start = (await app.api.get('/events?limit=100')).body.next_cursor as string;
    await makeEverythingHappen();
    happened = readable(await eventsAfter(start));
    if (RECORDING) writeFileSync(EXAMPLES_FILE, `${JSON.stringify(examplesOf(happened), null, 2)}\n`);
  });

  afterAll(async () => {
    await sink.close();
    await app.close();
  });

  it('has one example of each event, by its name', () => {
    expect(Object.keys(examples())).toEqual([...EVENT_TYPES]);
    for (const [type, example] of Object.entries(examples())) {
      expect(Object.keys(example)).toEqual(['id', 'event', 'timestamp', 'data']);
      expect(example.event).toBe(type);
    }
  });

  it.each(EVENT_TYPES)('shows %s as the service emits it', (type) => {
    const occurrences = happened.filter(({ event }) => event === type);
    expect(occurrences).not.toEqual([]);
    const optional = EVENT_CATALOGUE[type].optional ?? [];
    for (const { data } of occurrences) expect(differences(data, examples()[type].data, optional)).toEqual([]);
    const alwaysThere = optional.filter((name) => occurrences.every(({ data }) => name in data));
    expect(alwaysThere).toEqual([]);
  });

  async function makeEverythingHappen(): Promise<void> {
    const { api } = app;
    const did = async (call: ReturnType<Caller['get']>): Promise<any> => {
      const { status, body, text } = await call;
      if (status >= 300) throw new Error(`answered ${status}: ${text}`);
      // What the change leads to happens now, so that the examples come in the same order each time.
      await app.settle();
      clock.step();
      return body;
    };
    const liWei = await did(
      api.post('/agents', {
        username: 'li.wei', password: 'password of li wei', nickname: 'Li Wei', email: 'li.wei@example.com', mobile: '13800138000',
        department: 'support', skills: ['billing'],
      }),
    );
    const max = await did(api.post('/agents', { username: 'max', department: 'support' }));
    await did(api.put(`/agents/${liWei.id}/status`, { status: 'online' }));
    await did(api.put(`/agents/${liWei.id}`, { max_conversations: 5, skills: ['billing', 'refunds'] }));

    const visitor = await did(
      api.post('/visitors', { external_id: 'customer-4711', name: '张三', email: 'zhang.san@example.com', language: 'zh-CN', tags: ['vip'] }),
    );
    await did(api.put(`/visitors/${visitor.id}`, { customer_id: 'C-1001', metadata: { plan: 'gold' } }));
    const { token } = await did(api.post(`/visitors/${visitor.id}/token`));
    const socket = await connectSocket(app.url, token);
    clock.step();
    await did(api.post(`/visitors/${visitor.id}/tracks`, { url: 'https://shop.example.com/parcels/4711', title: 'Your parcels', referrer: 'https://shop.example.com/' }));
    socket.close();
    await vi.waitFor(async () => expect((await api.get(`/visitors/${visitor.id}`)).body.online).toBe(false));
    clock.step();
    const guest = await did(api.post('/visitors', { name: 'Guest', mobile: '13800138000' }));
    await did(api.post(`/visitors/${visitor.id}/merge`, { visitor_id: guest.id }));
    const leaving = await did(api.post('/visitors', { external_id: 'customer-4713' }));
    await did(api.delete(`/visitors/${leaving.id}`));

    const conversation = await did(
      api.post('/conversations', {
        visitor_id: visitor.id, channel: 'web', department: 'support', category: 'order', subject: 'Where is my parcel?', tags: ['parcel'],
      }),
    );
    const agent = await app.login('li.wei', 'password of li wei');
    const path = `/conversations/${conversation.id}`;
    await did(
      api.post('/messages', {
        conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'Where is my parcel?', client_msg_no: 'a7f3-0001',
        metadata: { source: 'app' },
      }),
    );
    const answer = await did(agent.post('/messages', { conversation_id: conversation.id, type: 'text', content: 'It left us yesterday.' }));
    await did(api.post(`${path}/delivered`, { reader: { type: 'visitor' } }));
    await did(agent.post(`${path}/read`, {}));
    await did(agent.put(`/messages/${answer.id}`, { content: 'It left us on Friday.' }));
    await did(agent.delete(`/messages/${answer.id}`));
    await did(
      api.post('/messages', { conversation_id: conversation.id, sender: { type: 'bot', id: 'faq' }, type: 'card', content: { title: 'Parcel' } }),
    );
    await did(agent.put(path, { priority: 'high', status: 'pending' }));
    await did(agent.delete(path));
    await did(agent.put(path, { status: 'open' }));
    await did(api.post(`${path}/rating`, { score: 5, comment: 'Quick and friendly' }));
    await did(api.put(path, { agent_id: max.id }));
    await did(api.post(`${path}/transfer`, { agent_id: liWei.id, reason: 'Knows this customer' }));
    await did(agent.post(`${path}/accept`));
    await did(api.post(`${path}/transfer`, { agent_id: liWei.id, reason: 'Knows the parcel service' }));
    await did(api.post(`${path}/rating`, { score: 5, comment: 'Fast and kind' }));

    const customer = { customer_id: 'C-1001', name: '张三', phone: '13800138000', level: 'VIP', tags: ['重要客户'] };
    await did(api.post('/crm/customers', customer));
    await did(api.post('/crm/customers', { ...customer, level: 'SVIP' }));
    const order = { order_id: 'O-2001', customer_id: 'C-1001', amount: '99.90', currency: 'CNY', status: 'paid', create_time: '2026-03-01 09:00:00' };
    await did(api.post('/crm/orders', order));
    await did(api.post('/crm/orders', { ...order, status: 'shipped' }));
    await did(api.delete('/crm/orders/O-2001'));
    await did(api.delete('/crm/customers/C-1001'));

    const { id: application } = await did(api.post('/applications', { name: 'Ticket system', scopes: ['tickets:read', 'tickets:write'] }));
    const { key } = await did(api.post(`/applications/${application}/api-keys`, { name: 'Production' }));
    const ticketSystem = app.as({ 'x-api-key': key });
    await did(
      api.post('/tickets', {
        ticket_id: 'T-2041', title: 'Parcel was not delivered', content: 'The parcel was left with a neighbour who is not at home.', category: 'parcel',
        conversation_id: conversation.id, customer_id: 'C-1001', handler: liWei.id, due_at: '2026-03-03T17:00:00Z', tags: ['parcel'],
      }),
    );
    await did(api.put('/tickets/T-2041', { priority: 'high', tags: ['parcel', 'lost'] }));
    await did(
      ticketSystem.post('/tickets/T-2041/status', {
        ticket_id: 'T-2041', status: 'processing', handler: 'wang.fang', update_time: '2026-03-01 09:29:00', comment: 'Asked the carrier.',
      }),
    );
    await did(api.delete('/tickets/T-2041'));

    await did(api.put(`/agents/${liWei.id}/status`, { status: 'away' }));
    await did(api.post('/conversations', { visitor: { external_id: 'customer-4712' }, skills: ['refunds'] }));
    await did(api.put(`/agents/${liWei.id}/status`, { status: 'online' }));
    await did(api.put(`/agents/${liWei.id}/status`, { status: 'away' }));
    await did(api.put(`/agents/${liWei.id}/status`, { status: 'online' }));
    await did(api.delete(`/agents/${max.id}`));

    await did(api.post('/callbacks', { url: `${sink.url}/failing`, events: ['agent.status_changed'], retry: { schedule_seconds: [0] } }));
    await did(api.put(`/agents/${liWei.id}/status`, { status: 'busy' }));
    await did(api.post('/callbacks', { url: `${sink.url}/gone`, events: ['conversation.closed'] }));
    await did(api.delete(path));
  }

  async function eventsAfter(start: string): Promise<EventEnvelope[]> {
    const events: EventEnvelope[] = [];
    for (let cursor = start, more = true; more; ) {
      const { data, next_cursor, has_more } = (await app.api.get(`/events?limit=100&cursor=${cursor}`)).body;
      for (const { position: _, ...envelope } of data) events.push(envelope);
      [cursor, more] = [next_cursor, has_more];
    }
    return events;
  }

  /** Ids of this run and the receiver's port give way to such as stay the same when examples are recorded anew. */
  function readable(events: EventEnvelope[]): EventEnvelope[] {
    const names = new Map<string, string>();
    const counts = new Map<string, number>();
    const nameOf = (id: string): string => {
      const known = names.get(id);
      if (known !== undefined) return known;
      const prefix = id.slice(0, id.indexOf('_'));
      const count = counts.get(prefix) ?? 0;
      counts.set(prefix, count + 1);
      const name = `${prefix}_01k5x6j3q8v4m2n7p9r1s5t6${ALPHABET[count >> 5]}${ALPHABET[count & 31]}`;
      names.set(id, name);
      return name;
    };
    const text = JSON.stringify(events)
      .replaceAll(sink.url, 'https://receiver.example.com')
      .replaceAll(/\b[a-z]+_[0-9a-z]{26}\b/g, nameOf);
    return JSON.parse(text) as EventEnvelope[];
  }
});

let read: Examples | undefined;

function examples(): Examples {
  if (!existsSync(EXAMPLES_FILE)) throw new Error('docs/event-examples.json is missing: npm run docs -- --record');
  return (read ??= JSON.parse(readFileSync(EXAMPLES_FILE, 'utf8')) as Examples);
}

/** Of each event the first occurrence that shows the most. */
function examplesOf(events: readonly EventEnvelope[]): Partial<Examples> {
  const chosen: Partial<Examples> = {};
  for (const type of EVENT_TYPES) {
    for (const event of events.filter((candidate) => candidate.event === type)) {
      const best = chosen[type];
      if (best === undefined || membersOf(event.data) > membersOf(best.data)) chosen[type] = event;
    }
  }
  return chosen;
}

function membersOf(data: Record<string, unknown>): number {
  return Object.keys(data).length;
}

/** Where the shape differs: names and types, all the way down. What is null on either side may have any type. */
function differences(actual: unknown, documented: unknown, optional: readonly string[], path = 'data'): string[] {
  if (actual === null || documented === null) return [];
  const [kind, expected] = [kindOf(actual), kindOf(documented)];
  // A message has text, or an object of the sender's own making.
  if (path === 'data.content') return [];
  if (kind !== expected) return [`${path} is ${kind}, documented as ${expected}`];
  if (Array.isArray(actual) && Array.isArray(documented)) {
    const [model] = documented as unknown[];
    return model === undefined ? [] : actual.flatMap((item, index) => differences(item, model, [], `${path}[${index}]`));
  }
  if (kind !== 'object') return [];
  const [members, model] = [actual as Record<string, unknown>, documented as Record<string, unknown>];
  const unknown = Object.keys(members).filter((name) => !(name in model));
  const missing = Object.keys(model).filter((name) => !(name in members) && !optional.includes(name));
  return [
    ...unknown.map((name) => `${path}.${name} is not documented`),
    ...missing.map((name) => `${path}.${name} is documented and absent`),
    ...Object.keys(members)
      .filter((name) => name in model && name !== FREE_FORM)
      .flatMap((name) => differences(members[name], model[name], [], `${path}.${name}`)),
  ];
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
