import { describe, expect, it, vi } from 'vitest';
import { RecoverEvents } from '../../src/modules/callbacks/recoveries/recover-events.js';
import { RecoveriesRepository } from '../../src/modules/callbacks/recoveries/recoveries.repository.js';
import { RecoveryRunner } from '../../src/modules/callbacks/recoveries/recovery-runner.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { callbackDesk } from '../support/callback-desk.js';
import { tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { recoveriesAt } from '../support/recoveries.js';

const MINUTE_MS = 60_000;

const desk = callbackDesk();

describe('a recovery, whoever works on it,', () => {
  const { endpointFor, receivedVisitors, recover, recovered, recoveryOf, store, visitors } = recoveriesAt(desk);

  describe('that a dead worker has claimed', () => {
    /** One that has done a step and then stands still; nobody was woken for it. */
    async function halfDone(): Promise<{ endpoint: Resource; id: string; ids: string[]; token: string }> {
      const start = desk.clock.now() - 10 * MINUTE_MS;
      const ids = await store(Array.from({ length: 1200 }, (_, index) => start + index));
      const endpoint = await endpointFor();
      const token = 'dead';
      const recoveries = desk.cluster.b.app.get(RecoveriesRepository);
      const unitOfWork = desk.cluster.b.app.get(UnitOfWork);
      const now = desk.clock.now();
      const id = await unitOfWork.run(async () => {
        const recovery = {
          id: `rec_${'0'.repeat(18)}${desk.organization.id.slice(-8)}`, organization_id: desk.organization.id, callback_id: endpoint.id, running_for: endpoint.id, status: 'running' as const,
          since_at: start, until_at: now, include_succeeded: false, total: 1200, done: 0, recovered: 0, seen_at: null, seen_number: null,
          claim_token: null, claimed_until: null, created_at: now, finished_at: null,
        };
        await recoveries.insert(recovery);
        await recoveries.claim(recovery.id, token, now, now + MINUTE_MS);
        return recovery.id;
      });
      expect(await desk.cluster.b.app.get(RecoverEvents).step(id, desk.organization.id, token, now + MINUTE_MS)).toBe(true);
      return { endpoint, id, ids, token };
    }
    const look = async (): Promise<void> => {
      await desk.cluster.a.app.get(RecoveryRunner).wakeAll();
      await desk.cluster.settle();
    };

    it('is gone on with when the claim has lapsed, and nothing is planned twice', async () => {
      const { endpoint, id, ids } = await halfDone();
      expect(await recoveryOf(endpoint, id)).toMatchObject({ status: 'running', total: 1200, done: 500, recovered: 500 });
      await look();
      expect(await recoveryOf(endpoint, id)).toMatchObject({ status: 'running', done: 500 });
      desk.clock.advance(2 * MINUTE_MS);
      await look();
      expect(await recoveryOf(endpoint, id)).toMatchObject({ status: 'succeeded', total: 1200, done: 1200, recovered: 1200 });
      const [{ planned, events }] = (await rows(desk.cluster.a, 'SELECT COUNT(*) AS planned, COUNT(DISTINCT event_id) AS events FROM callback_deliveries WHERE callback_id = ?', [endpoint.id])) as [{ planned: number; events: number }];
      expect([Number(planned), Number(events)]).toEqual([1200, 1200]);
      expect(new Set(desk.sink.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(ids));
    });

    it('does nothing more when the worker comes back after another has taken it', async () => {
      const { endpoint, id, token } = await halfDone();
      desk.clock.advance(2 * MINUTE_MS);
      await look();
      const ended = await recoveryOf(endpoint, id);
      expect(await desk.cluster.b.app.get(RecoverEvents).step(id, desk.organization.id, token, desk.clock.now() + MINUTE_MS)).toBe(false);
      expect(await recoveryOf(endpoint, id)).toEqual(ended);
    });

    it('keeps a second one from beginning until it is cancelled', async () => {
      const { endpoint, id, token } = await halfDone();
      const answers = await Promise.all([0, 1, 2, 3].map((index) => recover(endpoint, {}, desk.on(index))));
      expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual(Array(4).fill('409 recovery.in_progress'));
      const path = `/callbacks/${endpoint.id}/recoveries/${id}`;
      const cancelled = await desk.api.delete(path);
      expect(cancelled).toMatchObject({ status: 200, body: { id, status: 'cancelled', total: 1200, done: 500, recovered: 500, finished_at: expect.any(String) } });
      expect(await desk.api.delete(path)).toMatchObject({ status: 200, body: cancelled.body });
      expect(await desk.cluster.b.app.get(RecoverEvents).step(id, desk.organization.id, token, desk.clock.now() + MINUTE_MS)).toBe(false);
      await desk.cluster.settle();
      // What it had planned is delivered.
      expect(desk.sink.received).toHaveLength(500);
      expect(await recovered(endpoint)).toMatchObject({ status: 'succeeded', done: 1200, recovered: 700 });
      expect(await desk.api.delete(path)).toMatchObject({ status: 200, body: cancelled.body });
    });

    it.each(['disabled', 'deleted'])('fails when its endpoint was %s meanwhile', async (what) => {
      const { endpoint, id } = await halfDone();
      if (what === 'disabled') await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
      else await desk.api.delete(`/callbacks/${endpoint.id}`);
      desk.clock.advance(2 * MINUTE_MS);
      await look();
      const [row] = await rows(desk.cluster.a, 'SELECT status, done, running_for FROM callback_recoveries WHERE id = ?', [id]);
      expect(row).toEqual({ status: 'failed', done: expect.anything(), running_for: null });
      expect(Number(row!.done)).toBe(500);
    });
  });

  it('runs once when many are begun at the same time', async () => {
    await visitors(5);
    const endpoint = await endpointFor();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => recover(endpoint, {}, desk.on(index))));
    const counts = tally(answers);
    expect((counts[202] ?? 0) + (counts[409] ?? 0)).toBe(8);
    expect(counts[202]).toBeGreaterThan(0);
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(5);
    const { body } = await desk.api.get(`/callbacks/${endpoint.id}/recoveries?include_total=true`);
    expect(body.total).toBe(counts[202]);
    expect(body.data.reduce((sum: number, recovery: Resource) => sum + recovery['recovered'], 0)).toBe(5);
  });

  it('misses nothing and doubles nothing while more happens', async () => {
    await visitors(20);
    const endpoint = await endpointFor();
    const [, ids] = await Promise.all([recover(endpoint), visitors(40)]);
    await desk.cluster.settle();
    const received = receivedVisitors();
    expect(received).toHaveLength(60);
    expect(new Set(received).size).toBe(60);
    expect(received).toEqual(expect.arrayContaining(ids));
  });

  it('is found again when the wake for it was lost', async () => {
    await visitors(2);
    const endpoint = await endpointFor();
    for (const { app } of new Set([desk.cluster.a, desk.cluster.b])) {
      const queue = app.get(JobQueue);
      const wake = vi.spyOn(queue, 'wake').mockImplementation(() => undefined);
      expect((await recover(endpoint)).status).toBe(app === desk.cluster.a.app ? 202 : 409);
      wake.mockRestore();
    }
    await desk.cluster.settle();
    expect(desk.sink.received).toEqual([]);
    await desk.cluster.b.app.get(RecoveryRunner).wakeAll();
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(2);
  });
});
