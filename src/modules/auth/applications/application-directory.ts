import { Injectable } from '@nestjs/common';
import { Cache } from '../../../platform/cache/cache.js';
import { Invalidation } from '../../../platform/cache/invalidation.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { toState } from './application-state.js';
import { ApplicationsRepository } from './applications.repository.js';

const TOPIC = 'application';
const CACHE = { max: 10_000, ttlMs: 30_000 };

type Step = (applicationId: string, state: ApplicationState | null) => Promise<void>;

@Injectable()
export class ApplicationDirectory extends Applications {
  private readonly states: Cache<ApplicationState>;
  private readonly steps: Step[] = [];

  constructor(
    private readonly applications: ApplicationsRepository,
    private readonly invalidation: Invalidation,
    private readonly unitOfWork: UnitOfWork,
  ) {
    super();
    this.states = new Cache<ApplicationState>(TOPIC, invalidation, CACHE);
  }

  async find(id: string): Promise<ApplicationState | null> {
    return this.states.get(id, () => this.findNow(id));
  }

  /** Not cached: for those who cache what follows from it themselves. */
  async findNow(id: string): Promise<ApplicationState | null> {
    const row = await this.applications.findById(id);
    return row === null ? null : toState(row);
  }

  async get(organizationId: string, id: string): Promise<ApplicationState> {
    return toState(await this.applications.get(organizationId, id));
  }

  async lock(organizationId: string, id: string): Promise<ApplicationState> {
    return toState(await this.applications.getForUpdate(organizationId, id));
  }

  whenChanged(step: Step): void {
    this.steps.push(step);
  }

  onChange(listener: (applicationId: string) => void): void {
    this.invalidation.onInvalidate((topic, id) => {
      if (topic === TOPIC) listener(id);
    });
  }

  /** For those who change applications; in the unit of the change. */
  async changed(id: string, state: ApplicationState | null): Promise<void> {
    // Before what the steps tell: whoever hears of a credential finds the application already forgotten.
    this.unitOfWork.afterCommit(() => this.states.forget(id));
    for (const step of this.steps) await step(id, state);
  }
}
