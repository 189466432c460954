import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, anAgent, during, lastPosition, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent, rows } from '../support/invariants.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { StandingClock } from '../support/test-clock.js';

const STATUSES = ['queued', 'open', 'pending', 'closed'] as const;
type Status = (typeof STATUSES)[number];

const MOVES: Record<Status, Status[]> = {
  queued: ['open', 'closed'],
  open: ['pending', 'queued', 'closed'],
  pending: ['open', 'queued', 'closed'],
  closed: ['open', 'queued'],
};

interface Action {
  name: string;
  do: (conversation: Resource) => Promise<Answer>;
  /** What a conversation in each status becomes; a code where it is refused. */
  from: Record<Status, Status | `${string}.${string}`>;
}

const INVALID = 'conversation.invalid_transition';

/** Every action that moves a conversation, from every status, by everybody who may. */
describe('from each status', () => {
  let cluster: Cluster;
  let admin: Caller;
  let agent: Resource;
  let itself: Caller;
  let other: Resource;

  beforeAll(async () => {
    // The estimated wait of a queued conversation grows with the time.
    cluster = await startCluster({ clock: new StandingClock() });
    admin = cluster.a.api;
    // Neither is online, so that nothing moves but what is moved.
    ({ agent, as: itself } = await aLogin(cluster.a, { status: 'busy', department: 'support', max_conversations: 1000 }));
    other = await anAgent(admin, { status: 'away', department: 'support', max_conversations: 1000 });
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const path = ({ id }: Resource): string => `/conversations/${id}`;
  const put = (body: object) => (conversation: Resource): Promise<Answer> => admin.put(path(conversation), body);
  const post = (action: string, body?: () => object, as: () => Caller = () => admin) => (conversation: Resource): Promise<Answer> =>
    as().post(`${path(conversation)}/${action}`, body?.());

  const ACTIONS: Action[] = [
    { name: 'PUT status queued', do: put({ status: 'queued', subject: 'new' }), from: { queued: 'queued', open: 'queued', pending: 'queued', closed: 'queued' } },
    { name: 'PUT status open', do: (c) => admin.put(path(c), { status: 'open', subject: 'new', ...(c['agent_id'] === null && { agent_id: agent.id }) }), from: { queued: 'open', open: 'open', pending: 'open', closed: 'open' } },
    { name: 'PUT status pending', do: put({ status: 'pending', subject: 'new' }), from: { queued: INVALID, open: 'pending', pending: 'pending', closed: INVALID } },
    { name: 'PUT status closed', do: put({ status: 'closed', subject: 'new' }), from: { queued: 'closed', open: 'closed', pending: 'closed', closed: 'closed' } },
    { name: 'DELETE', do: (c) => admin.delete(path(c)), from: { queued: 'closed', open: 'closed', pending: 'closed', closed: 'closed' } },
    { name: 'assign', do: post('assign', () => ({ agent_id: other.id })), from: { queued: 'open', open: 'open', pending: 'pending', closed: 'conversation.closed' } },
    { name: 'assign to the same', do: post('assign', () => ({ agent_id: agent.id })), from: { queued: 'open', open: 'open', pending: 'pending', closed: 'conversation.closed' } },
    { name: 'accept by its agent', do: post('accept', undefined, () => itself), from: { queued: 'open', open: 'open', pending: 'pending', closed: 'conversation.closed' } },
    { name: 'accept by an application', do: post('accept'), from: { queued: 'conversation.not_assigned', open: 'open', pending: 'pending', closed: 'conversation.closed' } },
    { name: 'transfer to an agent', do: post('transfer', () => ({ agent_id: other.id, reason: 'r' })), from: { queued: 'open', open: 'open', pending: 'open', closed: 'conversation.closed' } },
    { name: 'transfer to a department', do: post('transfer', () => ({ department: 'billing' })), from: { queued: 'queued', open: 'queued', pending: 'queued', closed: 'conversation.closed' } },
    { name: 'reopen', do: post('reopen'), from: { queued: 'conversation.not_closed', open: 'conversation.not_closed', pending: 'conversation.not_closed', closed: 'queued' } },
    { name: 'rating', do: post('rating', () => ({ score: 4 })), from: { queued: 'queued', open: 'open', pending: 'pending', closed: 'closed' } },
  ];

  let conversation: Resource;

  async function inStatus(status: Status): Promise<Resource> {
    const queued = await aConversation(admin, { department: 'support' });
    if (status === 'queued') return queued;
    if (status !== 'closed') return (await admin.put(path(queued), { status, agent_id: agent.id, ...(status === 'pending' && { status: 'open' }) })).body;
    await admin.put(path(queued), { agent_id: agent.id });
    return (await admin.delete(path(queued))).body;
  }

  describe.each(STATUSES)('%s', (from) => {
    beforeEach(async () => {
      conversation = await inStatus(from);
      if (from === 'pending') conversation = (await admin.put(path(conversation), { status: 'pending' })).body;
    });

    it.each(ACTIONS.map((action) => ({ ...action, becomes: action.from[from] })))('$name: $becomes', async ({ do: act, becomes }) => {
      expect(conversation['status']).toBe(from);
      const stepsBefore = await steps(conversation);
      const { answer, events } = await during(admin, () => act(conversation));
      if (!becomes.includes('.')) {
        expect(answer).toMatchObject({ status: 200, body: { status: becomes } });
        expect((await admin.get(path(conversation))).body).toEqual(answer.body);
        if (becomes !== from) expect(events).not.toEqual([]);
        for (const { data } of events) expect(data['conversation_id']).toBe(conversation.id);
        return;
      }
      expect(answer).toMatchObject({ status: 409, body: { code: becomes } });
      if (becomes !== 'conversation.not_assigned') expect(answer.body.allowed).toEqual(MOVES[from]);
      expect(events).toEqual([]);
      expect((await admin.get(path(conversation))).body).toEqual(conversation);
      expect(await steps(conversation)).toEqual(stepsBefore);
    });
  });

  const steps = ({ id }: Resource): Promise<unknown[]> => rows(cluster.a, 'SELECT * FROM conversation_assignments WHERE conversation_id = ? ORDER BY at, id', [id]);

  it('repeating an action changes nothing more', async () => {
    const repeatable: [string, object?][] = [['accept'], ['assign', { agent_id: agent.id }], ['transfer', { agent_id: other.id }], ['transfer', { department: 'billing' }], ['rating', { score: 2, comment: 'c' }]];
    for (const [action, body] of repeatable) {
      const open = await inStatus('open');
      const first = await admin.post(`${path(open)}/${action}`, body);
      expect(first.status, action).toBe(200);
      const { answer, events } = await during(admin, () => admin.post(`${path(open)}/${action}`, body));
      expect([action, answer.status, answer.body]).toEqual([action, 200, first.body]);
      expect(events).toEqual([]);
    }
  });

  it('nobody acts on what it does not see', async () => {
    const { as: stranger } = await aLogin(cluster.a, { status: 'busy', department: unique('elsewhere') });
    const open = await inStatus('open');
    const before = await lastPosition(admin);
    for (const [action, body] of [['assign', { agent_id: other.id }], ['accept'], ['transfer', { department: 'x' }], ['reopen'], ['rating', { score: 1 }]] as const) {
      expect(await stranger.post(`${path(open)}/${action}`, body)).toMatchObject({ status: 404, body: { code: 'conversation.not_found' } });
    }
    expect((await stranger.get(`${path(open)}/assignments`)).status).toBe(404);
    expect(await lastPosition(admin)).toBe(before);
    expect((await admin.get(path(open))).body).toEqual(open);
  });
});
