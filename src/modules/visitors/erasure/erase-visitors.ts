import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../../../kernel/clock.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { HoldingRegistry } from '../visitor-holdings.js';
import type { Erasure } from '../visitors.contract.js';
import { ERASURE_JOB } from './erasure-job.js';
import { VisitorConcerns } from './visitor-concerns.js';
import { VisitorErasureEntity } from './visitor-erasure.entity.js';

/** Rows that one transaction takes of a holding. */
const STEP = 500;
const EVERY_MS = 5000;
const TASK = { name: 'visitor-erasures', everyMs: EVERY_MS, leaseMs: 3 * EVERY_MS, failure: 'the look for erasures to go on with failed; the next one comes soon' };

/** One holding after the other, and then the traces; each step and how far it is are committed together. */
@Injectable()
export class EraseVisitors implements OnApplicationBootstrap, OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly holdings: HoldingRegistry,
    private readonly concerns: VisitorConcerns,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, () => this.wakeAll());
  }

  onApplicationBootstrap(): void {
    this.queue.handle(ERASURE_JOB, (id, signal) => this.run(id, signal), { concurrency: 1 });
  }

  onModuleDestroy(): void {
    this.stopping = true;
  }

  /** Wakes all that has not ended, whatever became of its worker. */
  async wakeAll(): Promise<void> {
    const rows = await this.unitOfWork.query<{ visitor_id: string }>('SELECT visitor_id FROM visitor_erasures WHERE running = 1');
    for (const { visitor_id } of rows) this.queue.wake(ERASURE_JOB, visitor_id);
  }

  private async run(visitorId: string, signal: AbortSignal): Promise<void> {
    const row = await this.unitOfWork.manager.findOneBy(VisitorErasureEntity, { visitor_id: visitorId });
    if (row?.running !== true) return;
    const erasure = await this.concerns.of(row.organization_id, visitorId);
    while (!this.stopping && !signal.aborted) {
      const begunAt = performance.now();
      if (!(await this.step(erasure))) return;
      // As long a pause as the step was: the messages of the day come first.
      await delay(performance.now() - begunAt);
    }
  }

  /** False at the end. Two workers at it wait for each other, and each does another step. */
  private step(erasure: Erasure): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      const row = await this.lock(erasure.visitorId);
      if (row.running !== true) return false;
      const parts = [...this.holdings.all, ...this.holdings.traces].map(({ name }) => name);
      const part = row.part ?? parts[0]!;
      const { erased, ended, place } = await this.erase(erasure, part, row.place);
      const counts = { ...row.erased, [part]: (row.erased[part] ?? 0) + erased };
      const next = ended ? parts.find((name) => !(name in counts)) : part;
      await this.save({ ...row, part: next ?? null, place, erased: counts, running: next === undefined ? null : true });
      return next !== undefined;
    });
  }

  private async erase(erasure: Erasure, part: string, place: string | null): Promise<{ erased: number; ended: boolean; place: string | null }> {
    const holding = this.holdings.all.find(({ name }) => name === part);
    if (holding !== undefined) {
      const erased = await holding.erase(erasure.organizationId, erasure.visitorId, STEP);
      return { erased, ended: erased < STEP, place: null };
    }
    const traces = this.holdings.traces.find(({ name }) => name === part);
    // A version before this one knew something that is gone.
    if (traces === undefined) return { erased: 0, ended: true, place: null };
    const { erased, next } = await traces.erase(erasure, place);
    return { erased, ended: next === null, place: next };
  }

  private async save(row: VisitorErasureEntity): Promise<void> {
    const { visitor_id, organization_id, erased, running } = row;
    const ended = running === null;
    await this.unitOfWork.transaction.update(VisitorErasureEntity, { visitor_id }, { ...row, finished_at: ended ? this.clock.now() : null } as object);
    if (!ended) return;
    await this.audit.record({ organizationId: organization_id, actor: 'system', action: 'visitor.erased', target: { type: 'visitor', id: visitor_id }, details: { erased } });
  }

  private async lock(visitorId: string): Promise<VisitorErasureEntity> {
    const query = this.unitOfWork.transaction.createQueryBuilder(VisitorErasureEntity, 'erasure').where('erasure.visitor_id = :visitorId', { visitorId });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getOneOrFail();
  }
}
