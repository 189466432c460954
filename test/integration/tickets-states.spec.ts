import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aTicket, anOrganization, during, tally } from '../support/desk.js';
import type { LoggedEvent, Resource } from '../support/desk.js';
import type { Answer, Caller } from '../support/start-test-app.js';

const STATUSES = ['open', 'processing', 'pending', 'resolved', 'closed'] as const;
type Status = (typeof STATUSES)[number];

const MOVES: Record<Status, Status[]> = {
  open: ['processing', 'pending', 'resolved', 'closed'],
  processing: ['pending', 'resolved', 'closed', 'open'],
  pending: ['processing', 'resolved', 'closed', 'open'],
  resolved: ['closed', 'processing'],
  closed: ['processing'],
};

/** The two ways to another status, and what is changed beside it. */
const WAYS: Record<string, (api: Caller, ticket: Resource, status: Status, more: object) => Promise<Answer>> = {
  'PUT /tickets/{id}': (api, { id }, status, more) => api.put(`/tickets/${id}`, { status, ...more }),
  'POST /tickets/{id}/status': (api, { id }, status, more) => api.post(`/tickets/${id}/status`, { status, ...more }),
};

describe('a ticket', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/tickets/${id}`)).body;
  const historyOf = async ({ id }: Resource): Promise<Resource[]> => (await api.get(`/tickets/${id}/history?limit=100&sort=created_at`)).body.data;
  const names = (events: readonly LoggedEvent[]): string[] => events.map(({ event }) => event);

  describe.each(Object.entries(WAYS))('by %s', (_way, move) => {
    describe.each(STATUSES)('that is %s', (from) => {
      it.each(MOVES[from])('becomes %s', async (to) => {
        const ticket = await aTicket(api, { status: from });
        const { answer, events } = await during(api, () => move(api, ticket, to, { handler: 'Wang' }));
        expect(answer, answer.text).toMatchObject({ status: 200, body: { status: to, handler: 'Wang', update_time: expect.any(String) } });
        expect(await get(ticket)).toMatchObject({ status: to, handler: 'Wang' });
        expect(names(events)).toEqual(['ticket.status_changed']);
        expect(events[0]!.data).toMatchObject({ id: ticket.id, ticket_id: ticket['ticket_id'], status: to, previous_status: from, handler: 'Wang', previous_handler: null, origin: null });
        expect(await historyOf(ticket)).toEqual([
          expect.objectContaining({ field: 'status', from, to, by: expect.stringMatching(/^key_/), application_id: null, at: answer.body.updated_at }),
          expect.objectContaining({ field: 'handler', from: null, to: 'Wang' }),
        ]);
      });

      it.each(STATUSES.filter((to) => to !== from && !MOVES[from].includes(to)))('does not become %s', async (to) => {
        const ticket = await aTicket(api, { status: from });
        const { answer, events } = await during(api, () => move(api, ticket, to, { handler: 'Wang' }));
        expect(answer).toMatchObject({ status: 409, body: { code: 'ticket.invalid_transition', allowed: MOVES[from] } });
        expect(events).toEqual([]);
        expect(await get(ticket)).toEqual(ticket);
        expect(await historyOf(ticket)).toEqual([]);
      });

      it('stays so when told to be so', async () => {
        const ticket = await aTicket(api, { status: from });
        const { answer, events } = await during(api, () => move(api, ticket, from, {}));
        expect(answer).toMatchObject({ status: 200, body: { status: from, updated_at: ticket['updated_at'] } });
        expect(events).toEqual([]);
        expect(await historyOf(ticket)).toEqual([]);
      });
    });
  });

  it('takes one of two status changes that exclude each other', async () => {
    for (let round = 0; round < 5; round++) {
      const ticket = await aTicket(api, { status: 'resolved' });
      const changes: Status[] = ['closed', 'closed', 'closed', 'closed'];
      const { answer, events } = await during(api, () =>
        Promise.all(changes.map((status, index) => cluster.each(index).as(api.headers).put(`/tickets/${ticket.id}`, { status, handler: `h${index}` }))));
      expect(tally(answer)).toEqual({ 200: 4 });
      expect(names(events).filter((name) => name === 'ticket.status_changed')).toHaveLength(1);
      const race = await during(api, () =>
        Promise.all((['resolved', 'pending', 'processing', 'open'] as const).map((status, index) => cluster.each(index).as(api.headers).put(`/tickets/${ticket.id}`, { status }))));
      const moves = race.events.filter(({ event }) => event === 'ticket.status_changed').map(({ data }) => [data['previous_status'], data['status']] as [Status, Status]);
      // Whatever the order was, each move began where the one before had ended, and was a legal one.
      expect(moves.length).toBe(race.answer.filter(({ status }) => status === 200).length);
      let at: Status = 'closed';
      for (const [from, to] of moves) {
        expect(from).toBe(at);
        expect(MOVES[from]).toContain(to);
        at = to;
      }
      expect(await get(ticket)).toMatchObject({ status: at });
      expect((await historyOf(ticket)).filter(({ field }) => field === 'status').map(({ from, to }) => [from, to])).toEqual([['resolved', 'closed'], ...moves]);
    }
  });

  it('is made once when several make it with the same ticket_id at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => cluster.each(index).as(api.headers).post('/tickets', { ticket_id: 'T-1', title: `by ${index}` })));
    expect(tally(answers)).toEqual({ 201: 1, 409: 7 });
    for (const { status, body } of answers) if (status === 409) expect(body.code).toBe('ticket.ticket_id_taken');
    expect((await api.get('/tickets?include_total=true')).body).toMatchObject({ total: 1, data: [{ title: answers.find(({ status }) => status === 201)!.body.title }] });
  });

  it('keeps what concurrent changes of different fields wrote', async () => {
    const ticket = await aTicket(api);
    const changes = [{ title: 't' }, { content: 'c' }, { priority: 'low' }, { category: 'k' }, { handler: 'Wang' }, { tags: ['a', 'b'] }, { customer_id: 'C-1' }, { department: 'd' }];
    const answers = await Promise.all(changes.map((change, index) => cluster.each(index).as(api.headers).put(`/tickets/${ticket.id}`, change)));
    expect(tally(answers)).toEqual({ 200: 8 });
    expect(await get(ticket)).toMatchObject(Object.assign({}, ...changes));
    expect((await historyOf(ticket)).map(({ field }) => field).sort()).toEqual(changes.flatMap(Object.keys).sort());
  });
});
