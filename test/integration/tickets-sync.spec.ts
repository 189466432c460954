import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aTicket, anApplication, anEndpoint, anOrganization, during, tally } from '../support/desk.js';
import type { LoggedEvent, Resource } from '../support/desk.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const STATUSES = ['open', 'processing', 'pending', 'resolved', 'closed'];

describe('the status of a ticket in another system', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    sink = await startCallbackSink();
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/tickets/${id}`)).body;
  const sync = (ticket: Resource, body: object, by = api): Promise<Answer> => by.post(`/tickets/${ticket.id}/status`, body);
  const commentsOf = async ({ id }: Resource): Promise<Resource[]> => (await api.get(`/tickets/${id}/comments?sort=created_at`)).body.data;
  const names = (events: readonly LoggedEvent[]): string[] => events.map(({ event }) => event);

  it('is that of the last write by update_time, in whatever order the writes arrive', async () => {
    const writes = [
      { status: 'processing', update_time: '2023-10-26T12:00:00Z', handler: 'a' },
      { status: 'pending', update_time: '2023-10-26T12:00:01Z', handler: 'b' },
      { status: 'processing', update_time: '2023-10-26T12:00:02.001Z', handler: 'c' },
    ];
    for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
      const ticket = await aTicket(api);
      for (const index of order) expect((await sync(ticket, writes[index]!)).status).toBe(200);
      expect(await get(ticket), order.join()).toMatchObject({ status: 'processing', handler: 'c', update_time: '2023-10-26T12:00:02.001Z' });
    }
  });

  it('is that of the last write too when all arrive at once', async () => {
    for (let round = 0; round < 4; round++) {
      const ticket = await aTicket(api);
      // Each may follow each other one.
      const writes = Array.from({ length: 10 }, (_, index) => ({ status: ['processing', 'pending'][index % 2]!, handler: `h${index}`, update_time: `2023-10-26 12:00:${String(10 + index)}` }));
      const answers = await Promise.all(writes.toReversed().map((write, index) => sync(ticket, write, cluster.each(index).as(api.headers))));
      expect(tally(answers)).toEqual({ 200: 10 });
      expect(await get(ticket)).toMatchObject({ status: 'pending', handler: 'h9', update_time: '2023-10-26T12:00:19.000Z' });
    }
  });

  it('stays when an older write comes, which is answered with the ticket as it is', async () => {
    const ticket = await aTicket(api);
    const newest = await sync(ticket, { status: 'resolved', handler: 'Wang', update_time: '2023-10-26T12:00:00Z' });
    expect(newest.body.applied).toBe(true);
    for (const older of STATUSES) {
      const { answer, events } = await during(api, () => sync(ticket, { status: older, handler: 'Li', update_time: '2023-10-26T11:59:59.999Z', comment: 'late' }));
      // A move that would not be allowed is no error: it was overtaken.
      expect(answer).toMatchObject({ status: 200, body: { ...newest.body, applied: false } });
      expect(events).toEqual([]);
    }
    expect(await commentsOf(ticket)).toEqual([]);
  });

  it('is written once by a write that comes again, also behind another one of the same second', async () => {
    const ticket = await aTicket(api);
    const first = { status: 'processing', handler: 'Wang', update_time: '2023-10-26 12:00:00', comment: 'On it.' };
    const second = { ...first, status: 'resolved', comment: 'Done.' };
    expect((await sync(ticket, first)).body.applied).toBe(true);
    expect((await sync(ticket, second)).body).toMatchObject({ applied: true, status: 'resolved' });
    const { answer, events } = await during(api, () => Promise.all([sync(ticket, first), sync(ticket, second), sync(ticket, first)]));
    for (const { status, body } of answer) expect([status, body.applied, body.status]).toEqual([200, false, 'resolved']);
    expect(events).toEqual([]);
    expect((await commentsOf(ticket)).map(({ content }) => content)).toEqual(['On it.', 'Done.']);
  });

  it('is overtaken by a change here, and overtakes it again', async () => {
    const ticket = await aTicket(api);
    await sync(ticket, { status: 'processing', update_time: new Date(clock.now() + 8 * 3_600_000).toISOString() });
    const before = clock.now();
    const put = await api.put(`/tickets/${ticket.id}`, { status: 'pending' });
    expect(Date.parse(put.body.update_time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(put.body.update_time)).toBeLessThanOrEqual(clock.now());
    expect((await sync(ticket, { status: 'closed', update_time: new Date(before - 1000).toISOString() })).body).toMatchObject({ applied: false, status: 'pending' });
    expect((await sync(ticket, { status: 'resolved', update_time: new Date(clock.now() + 1).toISOString() })).body).toMatchObject({ applied: true, status: 'resolved' });
    // Without a time it is written now.
    expect((await sync(ticket, { status: 'closed' })).body).toMatchObject({ applied: true, status: 'closed' });
  });

  it('overtakes a change here by the answer of another system in the same second, which tells seconds only', async () => {
    const ticket = await aTicket(api);
    const changed = (await api.put(`/tickets/${ticket.id}`, { status: 'processing' })).body;
    const second = `${changed.update_time.slice(0, 19)}Z`;
    // What it was told of comes back first, as its own.
    const { answer, events } = await during(api, () => sync(ticket, { status: 'processing', update_time: second }));
    expect([answer.body.applied, events]).toEqual([false, []]);
    expect((await sync(ticket, { status: 'resolved', update_time: second })).body).toMatchObject({ applied: true, status: 'resolved', update_time: changed.update_time });
    expect((await sync(ticket, { status: 'processing', update_time: second })).body).toMatchObject({ applied: false, status: 'resolved' });
    expect((await sync(ticket, { status: 'closed', update_time: `${new Date(Date.parse(second) - 1000).toISOString().slice(0, 19)}Z` })).body.applied).toBe(false);
  });

  it('changes only its time when a newer write says the same', async () => {
    const ticket = await aTicket(api);
    await sync(ticket, { status: 'processing', handler: 'Wang', update_time: '2023-10-26T12:00:00Z' });
    const before = await get(ticket);
    const { answer, events } = await during(api, () => sync(ticket, { status: 'processing', handler: 'Wang', update_time: '2023-10-26T12:00:05Z' }));
    expect(answer.body).toEqual({ ...before, update_time: '2023-10-26T12:00:05.000Z', applied: true });
    expect(events).toEqual([]);
    expect((await sync(ticket, { status: 'closed', update_time: '2023-10-26T12:00:03Z' })).body.applied).toBe(false);
  });

  it('comes with a handler and a comment, and tells of each', async () => {
    const ticket = await aTicket(api, { ticket_id: 'T-9' });
    const { answer, events } = await during(api, () => sync(ticket, { ticket_id: 'T-9', status: 'processing', handler: 'Wang', update_time: '2023-10-26 12:00:00', comment: 'On it.' }));
    expect(answer.body).toMatchObject({ status: 'processing', handler: 'Wang', agent_id: null });
    expect(names(events)).toEqual(['ticket.status_changed', 'ticket.commented']);
    expect(events[0]!.data).toMatchObject({ ticket_id: 'T-9', status: 'processing', handler: 'Wang', update_time: '2023-10-26T12:00:00.000Z', previous_status: 'open', previous_handler: null });
    expect(events[1]!.data).toMatchObject({ ticket_id: 'T-9', comment: { content: 'On it.', author: { type: 'application' } } });
    const handlerOnly = await during(api, () => sync(ticket, { status: 'processing', handler: null }));
    expect(handlerOnly.answer.body).toMatchObject({ handler: null, applied: true });
    expect(handlerOnly.events.map(({ event, data }) => [event, data['changed'], data['previous_handler']])).toEqual([['ticket.updated', ['handler'], 'Wang']]);
  });

  it('is refused where it is none', async () => {
    const ticket = await aTicket(api, { ticket_id: 'T-10' });
    const bad: [body: object, field: string][] = [
      [{ status: 'done' }, 'status'], [{}, 'status'], [{ status: 'closed', update_time: 'yesterday' }, 'update_time'], [{ status: 'closed', update_time: '2023-02-30 12:00:00' }, 'update_time'],
      [{ status: 'closed', update_time: 1698321600 }, 'update_time'], [{ status: 'closed', ticket_id: 'T-11' }, 'ticket_id'],
      [{ status: 'closed', update_time: '9999-12-31T23:59:59-05:00' }, 'update_time'], [{ status: 'closed', update_time: '0000-01-01T00:00:00+05:00' }, 'update_time'],
      [{ status: 'closed', handler: 'agt_00000000000000000000000000' }, 'handler'], [{ status: 'closed', comment: '' }, 'comment'],
    ];
    for (const [body, field] of bad) {
      const answer = await sync(ticket, body);
      expect([answer.status, answer.body.errors?.[0]?.field], JSON.stringify(body)).toEqual([422, field]);
    }
    expect(await get(ticket)).toEqual(ticket);
  });

  describe('with callbacks', () => {
    const delivered = (path: string): [string, string | null][] => sink.received.filter((request) => request.path === path).map(({ body }) => [body.event, body.data.origin]);

    it('goes out to everybody but the endpoints of the application that wrote it', async () => {
      const [jira, erp] = [await anApplication(cluster.a, {}, api), await anApplication(cluster.a, {}, api)];
      await anEndpoint(jira.as, `${sink.url}/jira`, { events: ['ticket.*'] });
      await anEndpoint(erp.as, `${sink.url}/erp`, { events: ['ticket.*'] });
      await anEndpoint(api, `${sink.url}/all`, { events: ['ticket.*'], ordering: 'per_conversation' });
      const ticket = await aTicket(jira.as);
      await sync(ticket, { status: 'processing', comment: 'On it.' }, jira.as);
      await sync(ticket, { status: 'resolved' }, erp.as);
      await api.put(`/tickets/${ticket.id}`, { status: 'closed', title: 'Done' });
      await cluster.settle();
      const [byJira, byErp] = [jira.application.id, erp.application.id];
      expect(delivered('/jira').sort()).toEqual([['ticket.status_changed', byErp], ['ticket.status_changed', null], ['ticket.updated', null]].sort());
      expect(delivered('/erp').sort()).toEqual([['ticket.commented', byJira], ['ticket.created', byJira], ['ticket.status_changed', byJira], ['ticket.status_changed', null], ['ticket.updated', null]].sort());
      expect(delivered('/all')).toHaveLength(6);
      const history = (await api.get(`/tickets/${ticket.id}/history?sort=created_at`)).body.data as Resource[];
      expect(history.map(({ field, application_id }) => [field, application_id])).toEqual([['status', byJira], ['status', byErp], ['title', null], ['status', null]]);
    });

    it('is not recovered for the application that wrote it either', async () => {
      const { as } = await anApplication(cluster.a, {}, api);
      const ticket = await aTicket(as);
      await sync(ticket, { status: 'processing' }, as);
      await api.put(`/tickets/${ticket.id}`, { status: 'closed' });
      const own = await anEndpoint(as, `${sink.url}/own`, { events: ['ticket.*'] });
      expect((await as.post(`/callbacks/${own.id}/recover`, { since: new Date(clock.now() - 60_000).toISOString() })).status).toBe(202);
      await cluster.settle();
      expect(delivered('/own')).toEqual([['ticket.status_changed', null]]);
    });

    it('ends a loop of two systems that hand on all that they are told', async () => {
      await anEndpoint(api, `${sink.url}/echo`, { events: ['ticket.status_changed'] });
      const ticket = await aTicket(api);
      await sync(ticket, { status: 'processing', handler: 'Wang', update_time: '2023-10-26 12:00:00' });
      let echoed = 0;
      for (let round = 0; round < 5; round++) {
        await cluster.settle();
        for (const { body } of sink.received.slice(echoed)) {
          echoed++;
          const { ticket_id, status, handler, update_time } = body.data;
          expect((await api.post(`/tickets/${ticket_id}/status`, { ticket_id, status, handler, update_time })).body).toMatchObject({ applied: false, status: 'processing' });
        }
      }
      expect(echoed).toBe(1);
    });
  });
});
