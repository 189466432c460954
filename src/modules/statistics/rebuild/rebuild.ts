import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock, toInstant } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { addRows } from '../../../platform/database/rows.js';
import { isUniqueViolation } from '../../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { Projections } from '../../../platform/outbox/projections.js';
import { ConversationFacts } from '../../conversations/conversation-facts.contract.js';
import { TicketFacts } from '../../tickets/ticket-facts.contract.js';
import { CountConversations } from '../projection/count-conversations.js';
import { CountTickets } from '../projection/count-tickets.js';
import { PROJECTION } from '../projection/projection-name.js';
import { ServingAgents } from '../projection/serving-agents.js';
import type { RebuildEntity } from './rebuild.entity.js';
import type { RebuildView } from './rebuild.dto.js';
import { stepAfter } from './rebuild-steps.js';

const EVERY_MS = 1000;
const LEASE_MS = 30_000;
const TASK = { name: 'statistics-rebuild', everyMs: EVERY_MS, leaseMs: LEASE_MS, failure: 'the statistics could not be counted anew; the next try comes soon' };
/** Counted in one transaction; an agent has a year of times. */
const SLICE = { conversations: 200, tickets: 200, agents: 1 };

/**
 * Counts everything anew from what there is, by the way that changes are counted, in slices between which everything
 * else goes on. Reports are right all the while, as far as they were before. Whoever goes on after a crash goes on there.
 */
@Injectable()
export class Rebuild {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly conversations: ConversationFacts,
    private readonly tickets: TicketFacts,
    private readonly countConversations: CountConversations,
    private readonly countTickets: CountTickets,
    private readonly serving: ServingAgents,
    private readonly projections: Projections,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  /** Begins, or answers how far the one is that runs. */
  async begin(principal: Principal): Promise<RebuildView> {
    const { organizationId } = principal;
    const agents = await this.serving.states(organizationId);
    const total = (await this.conversations.count(organizationId)) + (await this.tickets.count(organizationId)) + agents.size;
    try {
      await this.unitOfWork.run(async () => {
        const running = await this.find(organizationId);
        if (running !== null && running.step !== 'done') return;
        await this.unitOfWork.write('DELETE FROM statistics_rebuilds WHERE organization_id = ?', [organizationId]);
        const columns = ['organization_id', 'step', 'after_id', 'total', 'counted', 'started_at'];
        await addRows(this.unitOfWork, 'statistics_rebuilds', columns, [[organizationId, 'conversations', '', total, 0, this.clock.now()]]);
      });
    } catch (error) {
      // Somebody else has begun it at the same moment.
      if (!isUniqueViolation(error)) throw error;
    }
    return this.progress(principal);
  }

  async progress({ organizationId }: Principal): Promise<RebuildView> {
    const row = await this.find(organizationId);
    if (row === null) return { status: 'none', step: 'done', total: 0, counted: 0, started_at: null, finished_at: null };
    return {
      status: row.step === 'done' ? 'done' : 'running',
      step: row.step,
      total: row.total,
      counted: row.counted,
      started_at: toInstant(Number(row.started_at)),
      finished_at: toInstant(row.finished_at === null ? null : Number(row.finished_at)),
    };
  }

  /** Goes on with all that run. */
  async run(stopping?: AbortSignal): Promise<void> {
    const begunAt = performance.now();
    const running = await this.unitOfWork.query<{ organization_id: string }>("SELECT organization_id FROM statistics_rebuilds WHERE step <> 'done'");
    for (const { organization_id } of running) {
      for (let done = false; !done; ) {
        // The lease is renewed with the next run.
        if (stopping?.aborted === true || performance.now() - begunAt > LEASE_MS / 2) return;
        const sliceBegunAt = performance.now();
        done = await this.slice(organization_id);
        await delay(performance.now() - sliceBegunAt);
      }
    }
  }

  /** Returns whether it has come to its end. */
  private slice(organizationId: string): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      // The projection counts the same rows: it waits, and two who rebuild do so one after the other.
      await this.projections.hold(PROJECTION, organizationId);
      const row = await this.find(organizationId);
      if (row === null || row.step === 'done') return true;
      const ids = await this.nextIds(organizationId, row);
      if (row.step === 'conversations') await this.countConversations.count(organizationId, ids, true);
      if (row.step === 'tickets') await this.countTickets.count(organizationId, ids);
      if (row.step === 'agents') await this.serving.countAnew(organizationId, ids);
      const last = ids.at(-1);
      const step = last === undefined ? stepAfter(row.step) : row.step;
      await this.unitOfWork.write('UPDATE statistics_rebuilds SET step = ?, after_id = ?, counted = counted + ?, finished_at = ? WHERE organization_id = ?', [
        step, last ?? '', ids.length, step === 'done' ? this.clock.now() : null, organizationId,
      ]);
      return step === 'done';
    });
  }

  private async nextIds(organizationId: string, { step, after_id }: RebuildEntity): Promise<string[]> {
    if (step === 'conversations') return this.conversations.idsAfter(organizationId, after_id, SLICE[step]);
    if (step === 'tickets') return this.tickets.idsAfter(organizationId, after_id, SLICE[step]);
    const agents = [...(await this.serving.states(organizationId)).keys()].toSorted();
    return agents.filter((id) => id > after_id).slice(0, SLICE.agents);
  }

  private async find(organizationId: string): Promise<RebuildEntity | null> {
    const [row] = await this.unitOfWork.query<RebuildEntity>('SELECT * FROM statistics_rebuilds WHERE organization_id = ?', [organizationId]);
    return row ?? null;
  }
}
