import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLogin, anApplication, anOrganization, created, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Answer, Caller, TestApp } from '../support/start-test-app.js';

const CONFINED = { channels: [], agent_ids: [], departments: [] };

describe('canned replies', () => {
  let app: TestApp;
  let api: Caller;
  let agents: Record<'li' | 'max' | 'boss' | 'admin', { agent: Resource; as: Caller }>;
  let texts: Record<string, Resource>;

  beforeAll(async () => {
    app = await startTestApp();
    api = app.api;
    agents = {
      li: await aLogin(app, { department: 'support' }),
      max: await aLogin(app, { department: 'sales' }),
      boss: await aLogin(app, { department: 'support', role: 'supervisor' }),
      admin: await aLogin(app, { role: 'admin' }),
    };
    texts = {
      all: await aText(api),
      support: await aText(api, { scope: 'department', department: 'support' }),
      sales: await aText(api, { scope: 'department', department: 'sales' }),
      li: await aText(agents.li.as),
      max: await aText(agents.max.as),
      boss: await aText(agents.boss.as),
    };
  });

  afterAll(() => app.close());

  function aText(as: Caller, over: Record<string, unknown> = {}): Promise<Resource> {
    return created(as.post('/canned-replies', { shortcut: unique('/s'), title: 'Title', content: 'Text', ...over }));
  }

  const names = ({ body }: Answer): string[] => Object.keys(texts).filter((name) => body.data.some(({ id }: Resource) => id === texts[name]!.id));

  it('are seen by those for whom they are', async () => {
    const { as: ofSupport } = await anApplication(app, { data_scope: { ...CONFINED, departments: ['support'] } });
    const { as: ofMax } = await anApplication(app, { data_scope: { ...CONFINED, agent_ids: [agents.max.agent.id] } });
    const { api: elsewhere } = await anOrganization(app);
    const seen: [Caller, string[]][] = [
      [agents.li.as, ['all', 'support', 'li']],
      [agents.max.as, ['all', 'sales', 'max']],
      [agents.boss.as, ['all', 'support', 'boss']],
      [agents.admin.as, Object.keys(texts)],
      [api, Object.keys(texts)],
      [ofSupport, ['all', 'support']],
      [ofMax, ['all', 'support', 'sales', 'max']],
      [elsewhere, []],
    ];
    for (const [as, expected] of seen) {
      expect(names(await as.get('/canned-replies?limit=100'))).toEqual(expected);
      for (const [name, { id }] of Object.entries(texts)) expect([name, (await as.get(`/canned-replies/${id}`)).status]).toEqual([name, expected.includes(name) ? 200 : 404]);
    }
  });

  it('are written by agents for themselves, by supervisors for their department, by admins for all', async () => {
    const { as: ofSupport } = await anApplication(app, { data_scope: { ...CONFINED, departments: ['support'] } });
    const written: [Caller, string[]][] = [
      [agents.li.as, ['li']],
      [agents.boss.as, ['support', 'boss']],
      [agents.admin.as, Object.keys(texts)],
      [api, Object.keys(texts)],
      [ofSupport, ['support']],
    ];
    for (const [as, expected] of written) {
      for (const [name, { id }] of Object.entries(texts)) {
        const { status } = await as.put(`/canned-replies/${id}`, { title: unique('title') });
        const hidden = (await as.get(`/canned-replies/${id}`)).status === 404;
        expect([name, status]).toEqual([name, expected.includes(name) ? 200 : hidden ? 404 : 403]);
      }
    }
    const refused: [Caller, object, string][] = [
      [agents.li.as, { scope: 'organization' }, 'canned_reply.not_writable'],
      [agents.li.as, { scope: 'department' }, 'canned_reply.not_writable'],
      [agents.li.as, { scope: 'agent', agent_id: agents.max.agent.id }, 'canned_reply.not_writable'],
      [agents.boss.as, { scope: 'department', department: 'sales' }, 'canned_reply.not_writable'],
      [agents.boss.as, { scope: 'organization' }, 'canned_reply.not_writable'],
      [ofSupport, { scope: 'organization' }, 'canned_reply.not_writable'],
      [ofSupport, { scope: 'department', department: 'sales' }, 'canned_reply.not_writable'],
    ];
    for (const [as, owner, code] of refused) {
      const answer = await as.post('/canned-replies', { shortcut: unique('/s'), title: 'x', content: 'x', ...owner });
      expect([owner, answer.status, answer.body.code]).toEqual([owner, 403, code]);
    }
    expect((await agents.li.as.delete(`/canned-replies/${texts['support']!.id}`)).body.code).toBe('canned_reply.not_writable');
    expect((await agents.li.as.delete(`/canned-replies/${texts['max']!.id}`)).status).toBe(404);
  });

  it('belong to who makes them where nothing else is said', async () => {
    expect(texts['all']).toMatchObject({ scope: 'organization', department: null, agent_id: null });
    expect(texts['li']).toMatchObject({ scope: 'agent', department: null, agent_id: agents.li.agent.id });
    expect(await aText(agents.boss.as, { scope: 'department' })).toMatchObject({ scope: 'department', department: 'support', agent_id: null });
    expect(await aText(api, { scope: 'agent', agent_id: agents.max.agent.id })).toMatchObject({ scope: 'agent', agent_id: agents.max.agent.id });
    const cases: [Caller, object, string, string][] = [
      [api, { scope: 'department' }, 'department', 'required'],
      [api, { scope: 'agent' }, 'agent_id', 'required'],
      [api, { scope: 'agent', agent_id: 'agt_nobody' }, 'agent_id', 'agent.not_found'],
      [api, { department: 'support' }, 'department', 'canned_reply.owner_unfit'],
      [api, { scope: 'department', department: 'support', agent_id: agents.li.agent.id }, 'agent_id', 'canned_reply.owner_unfit'],
      [api, { scope: 'everyone' }, 'scope', 'is_in'],
      [api, { shortcut: 'two words' }, 'shortcut', 'matches'],
    ];
    for (const [as, over, field, code] of cases) {
      const answer = await as.post('/canned-replies', { shortcut: unique('/s'), title: 'x', content: 'x', ...over });
      expect([over, answer.status, answer.body.errors?.[0]]).toEqual([over, 422, expect.objectContaining({ field, code })]);
    }
  });

  it('have a shortcut of their own among those of their owner, whoever comes first', async () => {
    const text = { shortcut: '/once', title: 'Once', content: 'x' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.post('/canned-replies', text)));
    expect(tally(answers)).toEqual({ 201: 1, 409: 5 });
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('canned_reply.shortcut_taken');
    expect((await agents.li.as.post('/canned-replies', text)).status).toBe(201);
    expect((await api.post('/canned-replies', { ...text, scope: 'department', department: 'support' })).status).toBe(201);
    const other = await aText(api);
    expect((await api.put(`/canned-replies/${other.id}`, { shortcut: '/once' })).body.code).toBe('canned_reply.shortcut_taken');
    expect((await api.get(`/canned-replies/${other.id}`)).body).toEqual(other);
  });

  it('are changed and deleted, with their tags and under If-Match', async () => {
    const text = await aText(api, { tags: ['a'] });
    const path = `/canned-replies/${text.id}`;
    const etag = (await api.get(path)).headers.get('etag')!;
    const changed = await api.put(path, { content: '您好！', tags: ['b', 'c'] }, { 'if-match': etag });
    expect(changed.body).toEqual({ ...text, content: '您好！', tags: ['b', 'c'], updated_at: changed.body.updated_at });
    expect((await api.put(path, { title: 'x' }, { 'if-match': etag })).status).toBe(412);
    expect((await api.put(path, {})).body).toEqual(changed.body);
    expect((await api.delete(path, { 'if-match': etag })).status).toBe(412);
    expect((await api.delete(path)).status).toBe(204);
    expect((await api.get(path)).body.code).toBe('canned_reply.not_found');
    expect((await api.delete(path)).status).toBe(404);
  });

  it('are recorded with who changed them, where something changes', async () => {
    const text = await aText(agents.boss.as, { scope: 'department', tags: ['a'] });
    const path = `/canned-replies/${text.id}`;
    await agents.admin.as.put(path, { content: 'Other', tags: ['b'] });
    await agents.admin.as.put(path, { content: 'Other' });
    expect((await agents.li.as.put(path, { content: 'x' })).status).toBe(403);
    expect((await api.put(path, { content: 'x' }, { 'if-match': '"old"' })).status).toBe(412);
    await api.delete(path);
    const { data } = (await api.get(`/audit-logs?target_type=canned_reply&target_id=${text.id}&sort=created_at`)).body;
    const details = { scope: 'department', department: 'support', agent_id: null, shortcut: text['shortcut'] };
    const { shortcut, title, content } = text;
    expect(data).toMatchObject([
      {
        action: 'canned_reply.created', actor_id: agents.boss.agent.id, details, request_id: expect.any(String), address: expect.any(String),
        changes: { shortcut: { old: null, new: shortcut }, title: { old: null, new: title }, content: { old: null, new: content }, tags: { old: null, new: ['a'] } },
      },
      { action: 'canned_reply.updated', actor_id: agents.admin.agent.id, details, changes: { content: { old: 'Text', new: 'Other' }, tags: { old: ['a'], new: ['b'] } } },
      { action: 'canned_reply.deleted', actor_kind: 'api_key', details, changes: {} },
    ]);
  });

  it('are found by a part of shortcut or title, whatever its case and width, and by a tag', async () => {
    const { api: own } = await anOrganization(app);
    const one = await aText(own, { shortcut: '/发票', title: '电子发票 INVOICE', tags: ['钱'] });
    const two = await aText(own, { shortcut: '/100%_off', title: 'Discount', tags: ['a,b', 'x'] });
    const found = async (query: string): Promise<string[]> => (await own.get(`/canned-replies?${query}`)).body.data.map(({ id }: Resource) => id);
    for (const q of ['发票', '票', 'invoice', 'ＩＮＶ', '子发']) expect(await found(`q=${encodeURIComponent(q)}`), q).toEqual([one.id]);
    for (const q of ['100%', '%_o', '_off', 'count']) expect(await found(`q=${encodeURIComponent(q)}`), q).toEqual([two.id]);
    for (const q of ['1%f', '!', "'", '票发']) expect(await found(`q=${encodeURIComponent(q)}`), q).toEqual([]);
    expect([await found(`tag=${encodeURIComponent('钱')}`), await found('tag=a%2Cb'), await found('tag=a')]).toEqual([[one.id], [two.id], []]);
    await own.put(`/canned-replies/${two.id}`, { title: 'Voucher' });
    expect([await found('q=count'), await found('q=VOUCH')]).toEqual([[], [two.id]]);
  });
});
