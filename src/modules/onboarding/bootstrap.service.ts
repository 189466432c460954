import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { Config } from '../../platform/config/config.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AgentRegistry } from '../agents/agents.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { OnboardingService } from './onboarding.service.js';

/** What the first start made up by itself: shown once, by whoever started the service. */
export interface FirstCredentials {
  apiKey: string;
  apiKeyGenerated: boolean;
  adminPassword: string;
  adminPasswordGenerated: boolean;
}

/** On an empty database: the organization `default`, its API key and the agent `admin`. */
@Injectable()
export class BootstrapService {
  constructor(
    private readonly onboarding: OnboardingService,
    private readonly organizations: Organizations,
    private readonly agents: AgentRegistry,
    private readonly unitOfWork: UnitOfWork,
    private readonly config: Config,
  ) {}

  /** Null when there was nothing to do. Several instances may start at once: one of them does it. */
  async run(): Promise<FirstCredentials | null> {
    if (!(await this.organizations.isEmpty())) return null;
    const { BOOTSTRAP_API_KEY, BOOTSTRAP_ADMIN_PASSWORD } = this.config.values;
    const adminPassword = BOOTSTRAP_ADMIN_PASSWORD ?? randomBytes(15).toString('base64url');
    try {
      const apiKey = await this.create(adminPassword, BOOTSTRAP_API_KEY);
      return {
        apiKey,
        apiKeyGenerated: BOOTSTRAP_API_KEY === undefined,
        adminPassword,
        adminPasswordGenerated: BOOTSTRAP_ADMIN_PASSWORD === undefined,
      };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'organization.slug_taken') return null;
      throw error;
    }
  }

  private create(adminPassword: string, givenKey: string | undefined): Promise<string> {
    return this.unitOfWork.run(async () => {
      const organization = await this.onboarding.establish('system', { slug: 'default', name: 'Default', time_zone: 'UTC', operator: true }, givenKey);
      const system: Principal = {
        kind: 'api_key', id: organization.api_key.id, organizationId: organization.id, scopes: new Set(['*']), operator: true, agent: null, application: null,
      };
      await this.agents.create(system, { username: 'admin', password: adminPassword, nickname: 'Administrator', role: 'admin' });
      return organization.api_key.key;
    });
  }
}
