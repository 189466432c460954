import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anOrganization, created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

describe('visitors are found', () => {
  let app: TestApp;
  let api: Caller;
  let zhang: Resource;
  let ada: Resource;

  beforeAll(async () => {
    app = await startTestApp();
    ({ api } = await anOrganization(app));
    zhang = await created(api.post('/visitors', {
      external_id: 'customer-4711', name: '张三 Zhang', email: 'Zhang.San@example.com', mobile: '13800138000', visitor_type: 'member', tags: ['vip', '%"x'], customer_id: 'C-1',
    }));
    ada = await created(api.post('/visitors', { external_id: 'customer-12', name: 'Ada Lovelace', email: 'ada@example.org', mobile: '+44 20 7946 0958', visitor_type: 'guest', tags: ['vip', 'new'] }));
    await created(api.post('/visitors', {}));
  });

  afterAll(() => app.close());

  const found = async (query: Record<string, string>): Promise<string[]> => {
    const { body, status, text } = await api.get(`/visitors?${new URLSearchParams(query).toString()}`);
    expect(status, text).toBe(200);
    return body.data.map(({ id }: Resource) => id);
  };

  it.each<[Record<string, string>, () => Resource[]]>([
    [{ name: 'Ada Lovelace' }, () => [ada]],
    [{ name: 'Ada' }, () => []],
    [{ email: 'Zhang.San@example.com' }, () => [zhang]],
    [{ mobile: '13800138000' }, () => [zhang]],
    [{ customer_id: 'C-1' }, () => [zhang]],
    [{ external_id: 'customer-12' }, () => [ada]],
    [{ visitor_type: 'member' }, () => [zhang]],
    [{ tag: 'vip' }, () => [ada, zhang]],
    [{ tag: 'new' }, () => [ada]],
    [{ tag: 'VIP' }, () => []],
    [{ tag: '%"x' }, () => [zhang]],
    [{ tag: '%' }, () => []],
    [{ tag: 'vip', visitor_type: 'member' }, () => [zhang]],
    [{ q: 'zhang' }, () => [zhang]],
    [{ q: '三' }, () => [zhang]],
    [{ q: 'LOVE' }, () => [ada]],
    [{ q: 'ada love' }, () => [ada]],
    [{ q: 'ada zhang' }, () => []],
    [{ q: 'customer' }, () => [ada, zhang]],
    [{ q: 'customer', visitor_type: 'guest' }, () => [ada]],
    [{ q: 'ada@example.o' }, () => [ada]],
    [{ q: '138 0013 8000' }, () => [zhang]],
    [{ q: '0958' }, () => [ada]],
    [{ q: '%' }, () => []],
    [{ q: '_' }, () => []],
  ])('by %j', async (query, expected) => {
    expect(await found(query)).toEqual(expected().map(({ id }) => id));
  });

  it('by when they were created', async () => {
    const { created_at } = ada as unknown as { created_at: string };
    expect(await found({ since: created_at, external_id: 'customer-12' })).toEqual([ada.id]);
    expect(await found({ until: created_at, external_id: 'customer-12' })).toEqual([]);
  });

  it('by what they are now, and by what was brought along', async () => {
    await api.put(`/visitors/${ada.id}`, { name: 'Ada Byron', tags: ['old'] });
    expect(await found({ q: 'lovelace' })).toEqual([]);
    expect(await found({ tag: 'new' })).toEqual([]);
    expect(await found({ q: 'byron', tag: 'old' })).toEqual([ada.id]);
    await created(api.post('/conversations', { visitor: { external_id: 'customer-12', name: 'Ada King' } }));
    expect(await found({ q: 'king' })).toEqual([ada.id]);
    expect(await found({ tag: 'old' })).toEqual([ada.id]);
  });

  it('in their own organization only', async () => {
    const { api: theirs } = await anOrganization(app);
    expect((await theirs.get('/visitors?q=zhang')).body.data).toEqual([]);
    expect((await theirs.get('/visitors?tag=vip')).body.data).toEqual([]);
  });

  it('by words, not by blanks', async () => {
    expect((await api.get('/visitors?q=%20%20')).body).toMatchObject({ status: 422, errors: [{ field: 'q' }] });
    expect((await api.get(`/visitors?q=${'x'.repeat(201)}`)).status).toBe(422);
  });
});
