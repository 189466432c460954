import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { MessageWords } from '../../src/modules/messages/search/message-words.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { aConversation, aLogin, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { linesOf, plansWithoutScan } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const LARGE = ['messages', 'message_search', 'conversation_search'];
const MESSAGES = 20_000;
const AT_A_TIME = 1000;
const MINUTE_MS = 60_000;
const BEGUN = Date.now() - MESSAGES * MINUTE_MS;
const COLUMNS = ['id', 'organization_id', 'conversation_id', 'seq', 'sender_type', 'sender_id', 'type', 'content', 'metadata', 'status', 'created_at'];

describe('no search and no list reads all messages', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let conversation: Resource;
  let as: Caller;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLES: 'api' } });
    const { api: own, organization } = await anOrganization(app);
    api = own;
    // Before anything is explained: on libsql an EXPLAIN may leave the connection that reads where it is.
    ({ as } = await aLogin(app));
    conversation = await aConversation(api, { subject: 'parcel' });
    const unitOfWork = app.app.get(UnitOfWork);
    const words = app.app.get(MessageWords);
    for (let start = 1; start <= MESSAGES; start += AT_A_TIME) {
      const rows = Array.from({ length: AT_A_TIME }, (_, index) => {
        const seq = start + index;
        const content = JSON.stringify(seq % 10 === 0 ? 'the parcel 包裹' : `something else ${seq}`);
        return [newId('message'), organization.id, conversation.id, seq, 'visitor', null, 'text', content, '{}', 'sent', BEGUN + seq * MINUTE_MS];
      });
      await unitOfWork.run(() => addRows(unitOfWork, 'messages', COLUMNS, rows));
    }
    for (let at: number | null = 0; at !== null; ) at = await words.renewAfter(at, AT_A_TIME);
    if (HAS_SERVERS) for (const table of LARGE) await unitOfWork.query(`ANALYZE TABLE ${table}`);
  }, 180_000);

  afterAll(() => app.close());

  const expectNoScan = async (work: () => Promise<unknown>): Promise<string> => linesOf(await plansWithoutScan(app, LARGE, work));

  const SEARCHES = ['q=parcel', 'q=包裹', 'q=包', 'q=par*&include_total=true', 'q=parcel&sort=-created_at&include_total=true', 'q=parcel&sort=number', 'q=parcel&type=text&sender_type=visitor'];

  it.each(SEARCHES)('GET /messages?%s', async (query) => {
    let cursor = '';
    for (let page = 0; page < 2; page++) {
      let body: any;
      const steps = await expectNoScan(async () => ({ body } = await api.get(`/messages?${query}${cursor}`)));
      expect(body.data).toHaveLength(20);
      // Each message is looked up by the number that the words gave.
      expect(steps).toMatch(HAS_SERVERS ? /message: eq_ref by PRIMARY/ : /SEARCH message USING INTEGER PRIMARY KEY/);
      expect(steps).not.toMatch(/messages_(created|organization)/);
      cursor = `&cursor=${body.next_cursor}`;
    }
  });

  const LISTS: [string, RegExp][] = [
    ['', /messages_created/], ['sort=created_at&sender_type=visitor', /messages_created/], ['sort=number', /messages_organization/],
    [`since=${instant(19_900)}`, /messages_created/], [`until=${instant(100)}`, /messages_created/], [`since=${instant(10_000)}&until=${instant(10_040)}&sort=created_at`, /messages_created/],
  ];

  it.each(LISTS)('GET /messages?%s by time or number, without sorting', async (query, index) => {
    let cursor = '';
    for (let page = 0; page < 2; page++) {
      let body: any;
      const steps = await expectNoScan(async () => ({ body } = await api.get(`/messages?${query}${cursor}`)));
      expect(body.data).toHaveLength(20);
      expect(steps).toMatch(index);
      expect(steps).not.toMatch(/TEMP B-TREE|filesort/i);
      cursor = `&cursor=${body.next_cursor}`;
    }
  });

  it('GET /messages of one conversation, and GET /conversations', async () => {
    await expectNoScan(() => api.get(`/conversations/${conversation.id}/messages?q=parcel`));
    await expectNoScan(() => api.get(`/conversations/${conversation.id}/messages?q=parcel&sort=seq`));
    let body: any;
    await expectNoScan(async () => ({ body } = await api.get('/conversations?q=parcel&include_total=true')));
    expect(body.data.map(({ id }: Resource) => id)).toEqual([conversation.id]);
  });

  it('by an agent, who sees some of them', async () => {
    await expectNoScan(() => as.get('/messages?q=parcel'));
    await expectNoScan(() => as.get('/conversations?q=parcel'));
  });
});

function instant(seq: number): string {
  return new Date(BEGUN + seq * MINUTE_MS).toISOString();
}
