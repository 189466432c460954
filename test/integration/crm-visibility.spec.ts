import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent, anApplication, anEndpoint, created, eventsAfter, lastPosition } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import type { EventEnvelope, SocketClient } from '../support/socket-client.js';
import type { Caller } from '../support/start-test-app.js';

const WAIT_MS = 5000;
const EVENTS = ['customer.*', 'order.*', 'agent.*'];

/** An application that is confined to an agent is told of customers and orders as it reads them, over every way. */
describe('customers and orders of an agent', () => {
  let cluster: Cluster;
  let sink: CallbackSink;
  let api: Caller;
  let mine: string;
  let other: string;
  const viewers: Record<string, { as: Caller; socket: SocketClient }> = {};

  beforeAll(async () => {
    cluster = await startCluster();
    sink = await startCallbackSink();
    api = cluster.a.api;
    [mine, other] = [(await anAgent(api)).id, (await anAgent(api)).id];
    const scopes = { everything: null, mine: { agent_ids: [mine] }, department: { departments: ['support'] } };
    for (const [name, data_scope] of Object.entries(scopes)) {
      const { as } = await anApplication(cluster.a, { data_scope });
      await anEndpoint(as, `${sink.url}/${name}`, { events: EVENTS });
      viewers[name] = { as, socket: await connectSocket(cluster.each(Object.keys(viewers).length).url, as.token) };
    }
  });

  afterAll(async () => {
    for (const { socket } of Object.values(viewers)) socket.close();
    await sink.close();
    await cluster.close();
  });

  const shown = ({ event, data }: Pick<EventEnvelope, 'event' | 'data'>): string => `${event} ${String(data['order_id'] ?? data['customer_id'] ?? data['agent_id'])}`;
  const among = (envelopes: readonly EventEnvelope[]): string[] => envelopes.filter(({ event }) => !event.startsWith('visitor.')).map(shown).toSorted();

  /** What each is told of what happens now. */
  async function toldOf(work: () => Promise<unknown>): Promise<Record<string, Record<string, string[]>>> {
    await cluster.settle();
    const marks = Object.values(viewers).map(({ socket }) => socket.events.length);
    const position = await lastPosition(api);
    sink.clear();
    await work();
    await cluster.settle();
    const last = await created(api.post('/visitors', {}));
    const told: Record<string, Record<string, string[]>> = {};
    for (const [index, [name, { as, socket }]] of Object.entries(viewers).entries()) {
      await socket.waitFor(({ envelope }) => envelope.data['visitor_id'] === last.id, WAIT_MS);
      told[name] = {
        sockets: among(socket.events.slice(marks[index]).map(({ envelope }) => envelope)),
        events: among(await eventsAfter(as, position)),
        callbacks: among(sink.received.filter(({ path }) => path === `/${name}`).map(({ body }) => body)),
      };
    }
    return told;
  }

  const overAllWays = (expected: Record<string, string[]>): Record<string, Record<string, string[]>> =>
    Object.fromEntries(Object.entries(expected).map(([name, told]) => [name, { sockets: told.toSorted(), events: told.toSorted(), callbacks: told.toSorted() }]));

  it('are told to those who may read them', async () => {
    const told = await toldOf(async () => {
      for (const [customer_id, owner_agent_id] of [['of-mine', mine], ['of-other', other], ['of-nobody', null]]) await created(api.post('/crm/customers', { customer_id, owner_agent_id }));
      const orders = ['of-mine', 'of-other', 'of-nobody', 'unknown'].map((customer_id) => ({ order_id: `O-${customer_id}`, customer_id, amount: 1 }));
      await api.post('/crm/orders/batch', { orders: [...orders, { order_id: 'O-alone' }] });
      await api.post('/crm/orders', { order_id: 'O-of-other', status: 'paid' });
      await api.delete('/crm/orders/O-of-other');
      await api.delete('/crm/customers/of-other');
      await api.put(`/agents/${other}`, { nickname: 'Li' });
    });
    const seen = [
      'customer.created of-mine', 'customer.created of-nobody', 'order.created O-of-mine', 'order.created O-of-nobody', 'order.created O-unknown', 'order.created O-alone',
      `agent.updated ${other}`,
    ];
    const all = [...seen, 'customer.created of-other', 'order.created O-of-other', 'order.updated O-of-other', 'order.deleted O-of-other', 'customer.deleted of-other'];
    expect(told).toEqual(overAllWays({ everything: all, mine: seen, department: all }));
  });

  it('are told as they belong then, when they change hands', async () => {
    await created(api.post('/crm/customers', { customer_id: 'moving', owner_agent_id: mine }));
    const told = await toldOf(async () => {
      await api.put('/crm/customers/moving', { owner_agent_id: other });
      await created(api.post('/crm/orders', { order_id: 'O-moving', customer_id: 'moving' }));
      await api.put('/crm/customers/moving', { owner_agent_id: mine });
      await api.put('/crm/orders/O-moving', { status: 'paid' });
    });
    const seen = ['customer.updated moving', 'order.updated O-moving'];
    const all = [...seen, 'customer.updated moving', 'order.created O-moving'];
    expect(told).toEqual(overAllWays({ everything: all, mine: seen, department: all }));
  });
});
