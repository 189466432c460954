import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { VisitorPresenceService } from '../../src/modules/visitors/presence/visitor-presence.service.js';
import { TrackRetention } from '../../src/modules/visitors/tracks/track-retention.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { anOrganization, created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { linesOf, plansWithoutScan } from '../support/query-plans.js';
import type { Plan } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** How the log and deliveries are reached is tested where they are large: query-plans.spec.ts. */
const LARGE = ['visitors', 'visitor_terms', 'visitor_tracks', 'visitor_connections', 'conversations', 'messages'];
const VISITORS = 20_000;
const AT_A_TIME = 1000;

describe('visitors are reached along indexes', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let organization: Resource;
  let visitor: Resource;

  beforeAll(async () => {
    app = await startTestApp();
    ({ api, organization } = await anOrganization(app));
    const unitOfWork = app.app.get(UnitOfWork);
    const begin = Date.now() - 10_000_000;
    for (let start = 0; start < VISITORS; start += AT_A_TIME) {
      const indexes = Array.from({ length: AT_A_TIME }, (_, index) => start + index);
      const ids = indexes.map(() => newId('visitor'));
      await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'visitors', ['id', 'organization_id', 'external_id', 'name', 'email', 'mobile', 'visitor_type', 'customer_id', 'tags', 'metadata', 'online', 'created_at', 'updated_at'],
          indexes.map((index, at) => [ids[at], organization.id, `e-${index}`, `name ${index}`, `m${index}@example.com`, `${index}`, `t${index % 200}`, `c-${index}`, '[]', '{}', index % 500 === 0 ? 1 : 0, begin + index, begin]));
        await addRows(unitOfWork, 'visitor_terms', ['visitor_id', 'kind', 'term', 'organization_id'], indexes.flatMap((index, at) => [[ids[at], 'word', `name ${index}`, organization.id], [ids[at], 'word', `${index}`, organization.id], [ids[at], 'tag', `g${index % 200}`, organization.id]]));
        const conversations = ids.map(() => newId('conversation'));
        await addRows(unitOfWork, 'conversations', ['id', 'organization_id', 'visitor_id', 'channel', 'priority', 'skills', 'tags', 'metadata', 'status', 'created_at', 'updated_at'],
          indexes.map((_, at) => [conversations[at], organization.id, ids[at], 'web', 'normal', '[]', '[]', '{}', 'closed', begin, begin]));
        await addRows(unitOfWork, 'messages', ['id', 'organization_id', 'conversation_id', 'seq', 'sender_type', 'sender_id', 'type', 'content', 'metadata', 'status', 'created_at'],
          indexes.flatMap((_, at) => [1, 2].map((seq) => [newId('message'), organization.id, conversations[at], seq, 'visitor', ids[at], 'text', '"hi"', '{}', 'sent', begin])));
        await addRows(unitOfWork, 'visitor_tracks', ['id', 'organization_id', 'visitor_id', 'url', 'metadata', 'at', 'created_at'], indexes.map((index, at) => [newId('track'), organization.id, ids[at], 'https://a.example/', '{}', begin, begin + index]));
      });
    }
    if (HAS_SERVERS) for (const table of LARGE) await unitOfWork.query(`ANALYZE TABLE ${table}`);
    [visitor] = (await api.get('/visitors?limit=1')).body.data;
  }, 180_000);

  afterAll(() => app.close());

  const plansOf = (work: () => Promise<unknown>): Promise<Plan[]> => plansWithoutScan(app, LARGE, work);

  // First: what SQLite is asked to explain of a change keeps its reader where it was.
  it('when they come and go, are merged and deleted, and what is stored about them is erased', async () => {
    const presence = app.app.get(VisitorPresenceService);
    await plansOf(async () => {
      await presence.left(await presence.arrived({ id: visitor.id, organizationId: organization.id }));
      const other = await created(api.post('/visitors', {}));
      expect((await api.post(`/visitors/${visitor.id}/merge`, { visitor_id: other.id })).status).toBe(200);
      expect((await api.delete(`/visitors/${visitor.id}`)).status).toBe(204);
      await app.settle();
      expect((await api.get(`/audit-logs?target_id=${visitor.id}&action=visitor.erased`)).body.data).toMatchObject([{ details: { erased: { messages: 2, tracks: 1 } } }]);
    });
  });

  it.each([
    ['', 'visitors_created'],
    ['external_id=e-77', 'visitors_external_id'],
    ['email=m77@example.com', 'visitors_email'],
    ['mobile=77', 'visitors_mobile'],
    ['name=name 77', 'visitors_name'],
    ['customer_id=c-77', 'visitors_customer'],
    ['visitor_type=t77', 'visitors_type'],
    ['online=true', 'visitors_online'],
    ['tag=g77', 'visitor_terms_found'],
    ['q=name 1777', 'visitor_terms_found'],
  ])('when they are listed with ?%s', async (query, index) => {
    let found = 0;
    const plans = await plansOf(async () => (found = (await api.get(`/visitors?limit=10&${query}`)).body.data.length));
    expect(found).toBeGreaterThan(0);
    expect(linesOf(plans)).toContain(index);
  });

  it('when their tracks are listed and forgotten', async () => {
    const [another] = (await api.get('/visitors?limit=1&sort=created_at')).body.data;
    expect(linesOf(await plansOf(() => api.get(`/visitors/${another.id}/tracks`)))).toContain('visitor_tracks_created');
    expect(linesOf(await plansOf(() => api.get(`/visitors/${another.id}/tracks?sort=at`)))).toContain('visitor_tracks_at');
    await plansOf(() => app.app.get(TrackRetention).run());
  });
});
