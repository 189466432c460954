import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { CloseInactive } from '../../src/modules/conversations/close-inactive.js';
import { ServeWaiting } from '../../src/modules/conversations/serve-waiting.js';
import { TakeBackUnaccepted } from '../../src/modules/conversations/take-back-unaccepted.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { aConversation, anAgent, anOrganization, created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { linesOf, plansWithoutScan } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const LARGE = ['conversations', 'conversation_assignments'];
const CONVERSATIONS = 20_000;
const SEEDED_AT_A_TIME = 2000;
const DAY_MS = 86_400_000;
const COLUMNS = [
  'id', 'organization_id', 'visitor_id', 'agent_id', 'channel', 'department', 'priority', 'skills', 'tags', 'metadata', 'status', 'queued_at', 'created_at', 'updated_at',
  'assigned_at', 'closed_at', 'closed_by', 'closed_reason', 'rating',
] as const;

/** How routing, its timers and people reach conversations that have grown many, nearly all of them closed. */
describe('no query reads all conversations', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let organization: Resource;
  let agent: Resource;
  let conversation: Resource;
  let waiting: Resource;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLES: 'api' } });
    ({ api, organization } = await anOrganization(app));
    agent = await anAgent(api, { max_conversations: 1000 });
    conversation = await aConversation(api);
    await seed();
    // To explain a statement leaves SQLite's reading connection where it is, so that it does not see what is written later.
    waiting = await aConversation(api, { skills: ['none'] });
    await created(api.post('/departments', { name: 'general', is_default: true, inactivity_close_seconds: 86_400 }));
  }, 180_000);

  afterAll(() => app.close());

  async function seed(): Promise<void> {
    const unitOfWork = app.app.get(UnitOfWork);
    const begin = Date.now() - 100 * DAY_MS;
    for (let start = 0; start < CONVERSATIONS; start += SEEDED_AT_A_TIME) {
      const conversations: unknown[][] = [];
      const steps: unknown[][] = [];
      for (let index = start; index < start + SEEDED_AT_A_TIME; index++) {
        const at = begin + Math.floor((index * 100 * DAY_MS) / CONVERSATIONS);
        const id = newId('conversation');
        const queued = index % 200 === 0;
        const closed = queued ? null : at + 60_000;
        conversations.push([
          id, organization.id, conversation['visitor_id'], queued ? null : agent.id, 'web', index % 50 === 0 ? 'billing' : 'support', 'normal', '["no agent has it"]', '["parcel"]', '{}',
          queued ? 'queued' : 'closed', queued ? at : null, at, at, queued ? null : at, closed, queued ? null : 'system', queued ? null : 'ended', index % 100 === 0 ? 1 : null,
        ]);
        steps.push([newId('assignment'), organization.id, id, 'assigned', agent.id, at]);
      }
      await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'conversations', COLUMNS, conversations);
        await addRows(unitOfWork, 'conversation_assignments', ['id', 'organization_id', 'conversation_id', 'kind', 'agent_id', 'at'], steps);
      });
    }
    if (HAS_SERVERS) for (const table of LARGE) await unitOfWork.query(`ANALYZE TABLE ${table}`);
  }

  const stepsOf = async (work: () => Promise<unknown>): Promise<string> => linesOf(await plansWithoutScan(app, LARGE, work));

  it.each([
    ['department=billing', /conversations_department/],
    ['rating=1', /conversations_rating/],
    [`visitor_id=VISITOR`, /conversations_(visitor|created)/],
    ['status=queued', /conversations_(queue|created)/],
    ['tag=parcel&priority=normal&channel=web', /conversations_created/],
    [`created_since=${new Date(Date.now() - DAY_MS).toISOString()}`, /conversations_created/],
    [`closed_since=${new Date(Date.now() - DAY_MS).toISOString()}`, /conversations_(closed|created)/],
  ])('when they are listed with ?%s', async (query, index) => {
    const filter = query.replace('VISITOR', conversation['visitor_id']);
    let size = 0;
    expect(await stepsOf(async () => (size = (await api.get(`/conversations?limit=20&${filter}`)).body.data.length))).toMatch(index);
    expect(size).toBe(20);
  });

  it('when the way of one is read, and how long the queue takes', async () => {
    expect(await stepsOf(() => api.get(`/conversations/${conversation.id}/assignments`))).toContain('conversation_assignments_conversation');
    expect(await stepsOf(() => api.get(`/conversations/${waiting.id}`))).toContain('conversation_assignments_recent');
  });

  it('when timers look for what is due', async () => {
    expect(await stepsOf(() => app.app.get(TakeBackUnaccepted).run())).toContain('conversations_accept_due');
    expect(await stepsOf(() => app.app.get(CloseInactive).run())).toContain('conversations_queue');
    expect(await stepsOf(() => app.app.get(ServeWaiting).run())).toContain('conversations_queue');
  });

  it('when an agent goes away', async () => {
    expect(await stepsOf(() => api.put(`/agents/${agent.id}/status`, { status: 'away' }))).toMatch(/conversations_(agent|queue)/);
  });
});
