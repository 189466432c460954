import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { ulid } from '../../../kernel/ids.js';
import { Config } from '../../../platform/config/config.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import { backOffMs } from './back-off.js';
import type { CrmSyncEntity } from './crm-sync.entity.js';
import { CrmSyncRepository, newSync } from './crm-sync.repository.js';
import { FetchPage, PageFailure } from './fetch-page.js';
import { StorePage } from './store-page.js';
import { CRM_SYNC_JOB } from './sync-job.js';
import { SyncMetrics } from './sync-metrics.js';

const LONGEST_LOOK_MS = 5000;
/** Longer than a page may take to be fetched, and a slice to be stored. */
const CLAIM_MS = 90_000;
/** A CRM that goes in circles is asked again after the interval. */
const MAX_PAGES = 10_000;

/**
 * Fetches what is new in the CRM, from time to time, by one worker. The row says when the next run is due and from
 * where; the timer looks for it and the job does it, one at a time.
 */
@Injectable()
export class CrmSyncService implements OnApplicationBootstrap, OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly syncs: CrmSyncRepository,
    private readonly pages: FetchPage,
    private readonly storage: StorePage,
    private readonly metrics: SyncMetrics,
    private readonly organizations: Organizations,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly config: Config,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    timers: WorkerTimers,
  ) {
    if (!this.isConfigured) return;
    const everyMs = Math.min(LONGEST_LOOK_MS, this.intervalMs);
    timers.every({ name: CRM_SYNC_JOB, everyMs, leaseMs: 3 * everyMs, failure: 'the look for an import that is due failed; the next one comes soon' }, () => this.wakeWhenDue());
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.isConfigured) return;
    this.queue.handle(CRM_SYNC_JOB, (organizationId, signal) => this.run(organizationId, signal), { concurrency: 1 });
    // SQLite has one process, so whatever is claimed was claimed by one that is dead.
    if (this.config.plays('worker') && this.config.dialect === 'sqlite') await this.unitOfWork.run(() => this.syncs.releaseAll());
  }

  onModuleDestroy(): void {
    this.stopping = true;
  }

  get isConfigured(): boolean {
    return this.config.values.CRM_SYNC_URL !== undefined;
  }

  /** Where it stands; null for an organization that has no CRM here. */
  async stateOf(organizationId: string): Promise<CrmSyncEntity | null> {
    if (!this.isConfigured || (await this.organizationId()) !== organizationId) return null;
    const known = await this.syncs.find(organizationId);
    return known?.source === this.source ? known : newSync(organizationId, this.source, this.clock.now());
  }

  async wakeWhenDue(): Promise<void> {
    const organizationId = await this.organizationId();
    if (organizationId === null) {
      this.logger.warn({ slug: this.config.values.CRM_SYNC_ORGANIZATION }, 'there is no open organization of the name in CRM_SYNC_ORGANIZATION');
      return;
    }
    const { next_at } = await this.prepare(organizationId);
    if (next_at <= this.clock.now()) this.queue.wake(CRM_SYNC_JOB, organizationId);
  }

  private async run(organizationId: string, signal: AbortSignal): Promise<void> {
    const token = ulid(this.clock.now());
    const until = (): number => this.clock.now() + CLAIM_MS;
    const sync = await this.unitOfWork.run(() => this.syncs.claim(organizationId, token, this.clock.now(), until()));
    if (sync === null) return;
    try {
      const isDone = await this.fetchAll(sync, signal, { organizationId, token, until });
      const now = this.clock.now();
      if (isDone) await this.syncs.succeed(organizationId, token, now, now + this.intervalMs);
      else await this.syncs.release(organizationId, token);
    } catch (error) {
      await this.fail(sync, token, error);
    }
  }

  /** False where it was stopped before the end. */
  private async fetchAll(sync: CrmSyncEntity, signal: AbortSignal, claim: Parameters<StorePage['store']>[1]): Promise<boolean> {
    let cursor = sync.next_cursor;
    for (let count = 0; count < MAX_PAGES; count++) {
      if (this.stopping || signal.aborted || !(await this.organizations.isOpen(claim.organizationId))) return false;
      const page = await this.pages.fetch(cursor, signal);
      await this.storage.store(page, claim);
      const isLast = page.nextCursor === null || page.nextCursor === cursor || page.customers.length + page.orders.length === 0;
      if (isLast) return true;
      cursor = page.nextCursor;
    }
    return true;
  }

  private async fail({ organization_id, failures }: CrmSyncEntity, token: string, error: unknown): Promise<void> {
    if (this.stopping) return this.syncs.release(organization_id, token);
    this.metrics.failed();
    const message = error instanceof PageFailure ? error.message : 'The page could not be stored; the log says why.';
    const waitMs = backOffMs(failures + 1, error instanceof PageFailure ? error.retryAfterMs : null, Math.random());
    this.logger.warn({ err: error, failures: failures + 1, wait_ms: waitMs }, 'the import from the CRM failed; it is tried again');
    await this.syncs.fail(organization_id, token, message, this.clock.now() + waitMs);
  }

  private prepare(organizationId: string): Promise<CrmSyncEntity> {
    return this.syncs.prepare(organizationId, this.source, this.clock.now());
  }

  private get source(): string {
    return sha256(this.config.values.CRM_SYNC_URL!);
  }

  private async organizationId(): Promise<string | null> {
    return (await this.organizations.findOpenBySlug(this.config.values.CRM_SYNC_ORGANIZATION))?.id ?? null;
  }

  private get intervalMs(): number {
    return this.config.values.CRM_SYNC_INTERVAL * 1000;
  }
}
