import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrackRetention } from '../../src/modules/visitors/tracks/track-retention.js';
import { startCallbackSink } from '../support/callback-sink.js';
import { anEndpoint, anOrganization, created, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';
import { StandingClock } from '../support/test-clock.js';

const DAY_MS = 86_400_000;

describe('tracks of visitors', () => {
  const clock = new StandingClock();
  let app: TestApp;
  let api: Caller;
  let visitor: Resource;

  beforeAll(async () => {
    app = await startTestApp({ clock, env: { EVENT_RETENTION_DAYS: '30' } });
    api = app.api;
    visitor = await created(api.post('/visitors', {}));
  });

  afterAll(() => app.close());

  it('are kept, told of, and count as having been there', async () => {
    const sink = await startCallbackSink();
    await anEndpoint(api, sink.url, { events: ['visitor.tracked'] });
    const at = new Date(clock.now() - 1000).toISOString();
    const page = { url: 'https://shop.example.com/包裹', title: '包裹', referrer: 'https://shop.example.com/', at, metadata: { campaign: 'spring' } };
    const { answer: track, events } = await during(api, () => created(api.post(`/visitors/${visitor.id}/tracks`, page)));
    expect(track).toEqual({ id: expect.stringMatching(/^trk_/), visitor_id: visitor.id, ...page, created_at: new Date(clock.now()).toISOString() });
    expect((await api.get(`/visitors/${visitor.id}/tracks/${track.id}`)).body).toEqual(track);
    expect(events).toMatchObject([{ event: 'visitor.tracked', data: { visitor_id: visitor.id, track_id: track.id, ...page } }]);
    expect((await api.get(`/visitors/${visitor.id}`)).body).toMatchObject({ last_seen_at: at, online: false });
    await app.settle();
    expect(sink.received.map(({ body }) => body.data.track_id)).toEqual([track.id]);
    await sink.close();
  });

  it('may be told of late, and then change nothing of when the visitor was there last', async () => {
    const { last_seen_at } = (await api.get(`/visitors/${visitor.id}`)).body;
    const late = await created(api.post(`/visitors/${visitor.id}/tracks`, { url: 'https://shop.example.com/', at: new Date(clock.now() - DAY_MS).toISOString() }));
    expect(late).toMatchObject({ title: null, referrer: null, metadata: {} });
    expect((await api.get(`/visitors/${visitor.id}`)).body).toMatchObject({ last_seen_at });
    const { data } = (await api.get(`/visitors/${visitor.id}/tracks?sort=at`)).body;
    expect(data[0]).toEqual(late);
  });

  it('are refused where they make no sense', async () => {
    const add = (body: object) => api.post(`/visitors/${visitor.id}/tracks`, body);
    const cases: [object, string][] = [
      [{}, 'url'],
      [{ url: 'javascript:alert(1)' }, 'url'],
      [{ url: 'https://a.example/', at: new Date(clock.now() + DAY_MS).toISOString() }, 'at'],
      [{ url: 'https://a.example/', at: '2026-03-01' }, 'at'],
      [{ url: 'https://a.example/', title: 'x'.repeat(501) }, 'title'],
      [{ url: 'https://a.example/', metadata: { x: 'y'.repeat(5000) } }, 'metadata'],
    ];
    const { total } = (await api.get(`/visitors/${visitor.id}/tracks?include_total=true`)).body;
    for (const [body, field] of cases) expect((await add(body)).body, JSON.stringify(body)).toMatchObject({ status: 422, errors: [{ field }] });
    expect((await api.get(`/visitors/${visitor.id}/tracks?include_total=true`)).body.total).toBe(total);
    expect((await api.post('/visitors/vis_00000000000000000000000000/tracks', { url: 'https://a.example/' })).body.code).toBe('visitor.not_found');
    const { api: theirs } = await anOrganization(app);
    expect((await theirs.get(`/visitors/${visitor.id}/tracks`)).status).toBe(404);
    const other = await created(api.post('/visitors', {}));
    const [track] = (await api.get(`/visitors/${visitor.id}/tracks`)).body.data;
    expect((await api.get(`/visitors/${other.id}/tracks/${track.id}`)).body.code).toBe('track.not_found');
    expect((await theirs.post(`/visitors/${visitor.id}/tracks`, { url: 'https://a.example/' })).status).toBe(404);
  });

  it('are deleted when the time for which events are kept is over', async () => {
    const listed = async (): Promise<string[]> => (await api.get(`/visitors/${visitor.id}/tracks`)).body.data.map(({ url }: Resource) => url);
    clock.advance(30 * DAY_MS + 1);
    await created(api.post(`/visitors/${visitor.id}/tracks`, { url: 'https://shop.example.com/new' }));
    expect((await listed()).length).toBeGreaterThan(1);
    await app.app.get(TrackRetention).run();
    expect(await listed()).toEqual(['https://shop.example.com/new']);
  });
});
