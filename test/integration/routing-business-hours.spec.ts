import { DateTime } from 'luxon';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '../../src/kernel/clock.js';
import { CloseInactive } from '../../src/modules/conversations/close-inactive.js';
import { ServeWaiting } from '../../src/modules/conversations/serve-waiting.js';
import { Departments } from '../../src/modules/departments/departments.contract.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anAgent, anOrganization, created, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

const ZONE = 'Asia/Shanghai';
const WEEKLY = Object.fromEntries(['monday', 'tuesday', 'wednesday', 'thursday', 'friday'].map((day) => [day, [{ from: '09:00', to: '18:00' }]]));

class WallClock extends Clock {
  private at = 0;

  override now(): number {
    return this.at;
  }

  /** What a clock on the wall in Shanghai shows. */
  show(text: string): void {
    this.at = DateTime.fromISO(text, { zone: ZONE }).toMillis();
  }

  advance(ms: number): void {
    this.at += ms;
  }
}

describe('a department', () => {
  const clock = new WallClock();
  let cluster: Cluster;
  let api: Caller;
  let organizationId: string;
  let hours: Resource;

  beforeAll(async () => {
    clock.show('2026-03-06T12:00');
    cluster = await startCluster({ clock, env: { ROLES: 'api' } });
  });

  beforeEach(async () => {
    clock.show('2026-03-06T12:00');
    const made = await anOrganization(cluster.a);
    api = made.api;
    organizationId = made.organization.id;
    hours = await created(api.post('/business-hours', { name: 'office', time_zone: ZONE, weekly: WEEKLY, holidays: [{ date: '2026-03-09' }] }));
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/conversations/${id}`)).body;
  const department = (over: object): Promise<Resource> => created(api.post('/departments', { name: 'support', ...over }));
  const serve = (): Promise<unknown> => Promise.all([cluster.a, cluster.b].map(({ app }) => app.get(ServeWaiting).run()));

  it('that is closed lets conversations wait until it opens', async () => {
    await department({ business_hours_id: hours.id });
    const agent = await anAgent(api, { department: 'support' });
    const within = await aConversation(api, { department: 'support' });
    expect(within).toMatchObject({ off_hours: false, agent_id: agent.id });
    clock.show('2026-03-06T18:00');
    const { answer: late, events } = await during(api, () => aConversation(api, { department: 'support' }));
    expect(late).toMatchObject({ status: 'queued', agent_id: null, off_hours: true, queue_position: 1, estimated_wait_seconds: null });
    expect(events.find(({ event }) => event === 'conversation.created')!.data).toMatchObject({ off_hours: true, status: 'queued' });
    // Whatever else happens, and also on the Monday that is a holiday.
    await api.delete(`/conversations/${within.id}`);
    expect(await aConversation(api)).toMatchObject({ agent_id: agent.id, off_hours: false });
    clock.show('2026-03-09T12:00');
    await serve();
    expect(await get(late)).toMatchObject({ status: 'queued' });
    clock.show('2026-03-10T09:00');
    await serve();
    expect(await get(late)).toMatchObject({ status: 'open', agent_id: agent.id, off_hours: true });
    expect((await api.get('/conversations?off_hours=true')).body.data).toHaveLength(1);
  });

  it('that closes still serves those who came before', async () => {
    await department({ business_hours_id: hours.id });
    const early = await aConversation(api, { department: 'support' });
    expect(early).toMatchObject({ status: 'queued', off_hours: false });
    clock.show('2026-03-06T18:30');
    const late = await aConversation(api, { department: 'support', priority: 'urgent' });
    const agent = await anAgent(api, { department: 'support' });
    expect(await get(early)).toMatchObject({ agent_id: agent.id });
    expect(await get(late)).toMatchObject({ status: 'queued' });
    // Somebody may take it all the same, or name who shall.
    expect((await api.post(`/conversations/${late.id}/assign`, { agent_id: agent.id })).body).toMatchObject({ status: 'open', agent_id: agent.id });
    expect(await aConversation(api, { department: 'support', agent_id: agent.id })).toMatchObject({ status: 'open', off_hours: true });
  });

  it('that is closed holds up nobody who waits for an agent, and tells how long it takes when it is open', async () => {
    await department({ business_hours_id: hours.id });
    clock.show('2026-03-09T20:00');
    const late = [await aConversation(api, { department: 'support' }), await aConversation(api, { department: 'support', priority: 'urgent' })];
    const anywhere = await aConversation(api);
    const places = async (): Promise<unknown[]> => Promise.all([...late, anywhere].map(async (each) => (await get(each))['queue_position']));
    const listed = async (): Promise<unknown[]> => (await api.get('/conversations?sort=created_at')).body.data.slice(0, 3).map((each: Resource) => each['queue_position']);
    expect([await places(), await listed()]).toEqual([[3, 2, 1], [3, 2, 1]]);
    clock.show('2026-03-10T09:00');
    expect([await places(), await listed()]).toEqual([[2, 1, 3], [2, 1, 3]]);
    const agent = await anAgent(api, { skills: ['sums'], department: 'sums' });
    for (let count = 0; count < 2; count++) await aConversation(api, { agent_id: agent.id });
    clock.advance(60_000);
    for (const each of late) expect(await get(each)).toMatchObject({ off_hours: true, estimated_wait_seconds: expect.any(Number) });
  });

  it('that is closed lets what is transferred to it wait', async () => {
    await department({ business_hours_id: hours.id });
    const agent = await anAgent(api, { department: 'support' });
    clock.show('2026-03-07T12:00');
    const elsewhere = await aConversation(api, { department: 'sales' });
    expect(elsewhere).toMatchObject({ off_hours: false });
    expect((await api.post(`/conversations/${elsewhere.id}/transfer`, { department: 'support' })).body).toMatchObject({ status: 'queued', off_hours: true });
    clock.show('2026-03-10T09:00');
    await serve();
    expect(await get(elsewhere)).toMatchObject({ agent_id: agent.id });
  });

  it('that is closed lets what is reopened wait, and serves it at once where it is open again', async () => {
    await department({ business_hours_id: hours.id });
    const agent = await anAgent(api, { department: 'support' });
    const conversations = [await aConversation(api, { department: 'support' }), await aConversation(api, { department: 'support' })];
    for (const { id } of conversations) await api.delete(`/conversations/${id}`);
    await api.put(`/agents/${agent.id}`, { enabled: false });
    await anAgent(api, { department: 'support' });
    clock.show('2026-03-06T20:00');
    const [one, other] = conversations as [Resource, Resource];
    expect((await api.post(`/conversations/${one.id}/reopen`)).body).toMatchObject({ status: 'queued', off_hours: true });
    expect((await api.put(`/conversations/${other.id}`, { status: 'queued' })).body).toMatchObject({ status: 'queued', off_hours: true });
    await api.delete(`/conversations/${one.id}`);
    clock.show('2026-03-10T12:00');
    expect((await api.post(`/conversations/${one.id}/reopen`)).body).toMatchObject({ status: 'open', off_hours: false });
  });

  it('without settings follows the default, and one that has settings does not', async () => {
    const general = await department({ name: 'general', is_default: true, business_hours_id: hours.id });
    await department({ name: 'night' });
    const [anyone, night] = [await anAgent(api, { department: 'billing' }), await anAgent(api, { department: 'night' })];
    clock.show('2026-03-07T03:00');
    const [none, billing] = [await aConversation(api), await aConversation(api, { department: 'billing' })];
    expect([none, billing]).toMatchObject([{ status: 'queued', off_hours: true }, { status: 'queued', off_hours: true }]);
    expect(await aConversation(api, { department: 'night' })).toMatchObject({ agent_id: night.id, off_hours: false });
    clock.advance(60_000);
    await serve();
    expect(await get(none)).toMatchObject({ status: 'queued' });
    // What holds no more is looked at again.
    await api.put(`/departments/${general.id}`, { business_hours_id: null });
    await serve();
    expect(await get(billing)).toMatchObject({ agent_id: anyone.id });
    expect((await get(none))['agent_id']).not.toBeNull();
  });

  it('asks for its skills beside those of the conversation', async () => {
    await department({ skills: ['parcels'] });
    await anAgent(api, { department: 'support', skills: ['french'] });
    const able = await anAgent(api, { department: 'support', skills: ['french', 'parcels'], max_conversations: 1 });
    expect(await aConversation(api, { department: 'support' })).toMatchObject({ agent_id: able.id });
    const waiting = await aConversation(api, { department: 'support', skills: ['french'] });
    expect(waiting).toMatchObject({ status: 'queued', skills: ['french'] });
    await api.put(`/agents/${able.id}`, { max_conversations: 2 });
    expect(await get(waiting)).toMatchObject({ agent_id: able.id });
  });

  it('tells others what holds for it', async () => {
    await department({ business_hours_id: hours.id, off_hours: 'ticket' });
    const departments = cluster.b.app.get(Departments);
    const at = (text: string): number => DateTime.fromISO(text, { zone: ZONE }).toMillis();
    expect(await departments.isOpen(organizationId, 'support', at('2026-03-06T17:59'))).toBe(true);
    expect(await departments.isOpen(organizationId, 'support', at('2026-03-06T18:00'))).toBe(false);
    expect(await departments.isOpen(organizationId, 'other', at('2026-03-06T18:00'))).toBe(true);
    expect(await departments.offHoursAction(organizationId, 'support')).toBe('ticket');
    expect(await departments.offHoursAction(organizationId, null)).toBe('queue');
    // Friday from 17:00, the weekend and the holiday, Tuesday until 10:00.
    expect(await departments.businessMsBetween(organizationId, 'support', at('2026-03-06T17:00'), at('2026-03-10T10:00'))).toBe(2 * 3_600_000);
    expect(await departments.businessMsBetween(organizationId, null, 1000, 5000)).toBe(4000);
    expect(await departments.closedAt(organizationId, at('2026-03-07T00:00'))).toEqual({ closed: ['support'], known: ['support'], others: false });
  });

  it('closes what nothing happens in, after its own time', async () => {
    await department({ inactivity_close_seconds: 3600 });
    await department({ name: 'general', is_default: true, inactivity_close_seconds: 600 });
    await department({ name: 'patient' });
    const agent = await anAgent(api, { max_conversations: 6 });
    const make = (name?: string): Promise<Resource> => aConversation(api, { agent_id: agent.id, department: name });
    const [support, none, other, patient, pending, talking] = [await make('support'), await make(), await make('other'), await make('patient'), await make('support'), await make('support')];
    await api.put(`/conversations/${pending.id}`, { status: 'pending' });
    const waiting = await aConversation(api, { department: 'support' });
    const states = (): Promise<unknown[]> => Promise.all([support, none, other, patient, pending, talking, waiting].map(async (each) => (await get(each))['status']));
    const run = (): Promise<unknown> => Promise.all([cluster.a, cluster.b].map(({ app }) => app.get(CloseInactive).run()));
    clock.advance(599_999);
    await run();
    expect(await states()).toEqual(['open', 'open', 'open', 'open', 'pending', 'open', 'queued']);
    clock.advance(1);
    const { events } = await during(api, run);
    expect(await states()).toEqual(['open', 'closed', 'closed', 'open', 'pending', 'open', 'queued']);
    expect(events.map(({ event }) => event)).toEqual(['conversation.closed', 'conversation.closed']);
    expect(events[0]!.data).toMatchObject({ closed_by: 'system', closed_reason: 'inactivity', previous_status: 'open', agent_id: agent.id });
    clock.advance(1_800_000);
    await aMessage(api, talking);
    clock.advance(1_200_000);
    await run();
    expect(await states()).toEqual(['closed', 'closed', 'closed', 'open', 'closed', 'open', 'queued']);
    expect(await get(none)).toMatchObject({ closed_by: 'system', closed_reason: 'inactivity' });
    expect((await api.get('/conversations?closed_reason=inactivity&include_total=true')).body.total).toBe(4);
    expect((await during(api, run)).events).toEqual([]);
  });
});
