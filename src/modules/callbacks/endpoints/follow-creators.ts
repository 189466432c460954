import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import type { DomainEvent } from '../../../kernel/domain-event.js';
import { visibilityOf } from '../../../kernel/principal.js';
import type { Visibility } from '../../../kernel/principal.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { Agents } from '../../agents/agents.contract.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Applications } from '../../auth/applications.contract.js';
import type { ApplicationState } from '../../auth/applications.contract.js';
import { subjectOf } from './endpoint-creator.js';
import type { Creator } from './endpoint-creator.js';
import type { EndpointEntity } from './endpoint.entity.js';
import { EndpointsRepository } from './endpoints.repository.js';

/** Fields of an agent that decide what it may see. */
const DECISIVE = ['role', 'department', 'enabled'];

/**
 * Keeps endpoints to what their creators may see now, in the transaction of the change to the creator. Who registers or
 * changes an endpoint holds the organization's version too, so neither overlooks the other.
 */
@Injectable()
export class FollowCreators {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly agents: Agents,
    private readonly applications: Applications,
    private readonly outbox: Outbox,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {
    applications.whenChanged((id, state) => this.followApplication(id, state));
  }

  /**
   * Begins a registration: what the creator may see, which nobody changes from now until the unit ends. The application
   * comes before the version, in the order in which its own change takes them.
   */
  async hold(organizationId: string, creator: Creator): Promise<Visibility> {
    const { application_id } = creator;
    const application = application_id === null ? null : await this.applications.lock(organizationId, application_id);
    await this.endpoints.beginChange(organizationId);
    const visibility = await this.visibilityUnder(organizationId, creator, application);
    if (visibility === null) throw creatorDisabled();
    return visibility;
  }

  /** What the creator may see as of the open unit; null when it is disabled or gone. */
  async visibilityFor(organizationId: string, creator: Creator): Promise<Visibility | null> {
    const { application_id } = creator;
    return this.visibilityUnder(organizationId, creator, application_id === null ? null : await this.findApplication(organizationId, application_id));
  }

  /** For events that are being committed. */
  async followAgents(events: readonly DomainEvent[]): Promise<void> {
    for (const event of events) {
      if (!changesPermission(event)) continue;
      await this.endpoints.beginChange(event.organizationId);
      for (const endpoint of await this.endpoints.allMadeBy({ agent_id: event.data['agent_id'] as string })) {
        await this.apply(endpoint, await this.visibilityFor(endpoint.organization_id, endpoint));
      }
    }
  }

  private async followApplication(id: string, state: ApplicationState | null): Promise<void> {
    const [first] = await this.endpoints.allMadeBy({ application_id: id });
    if (first === undefined) return;
    await this.endpoints.beginChange(first.organization_id);
    for (const endpoint of await this.endpoints.allMadeBy({ application_id: id })) {
      await this.apply(endpoint, await this.visibilityUnder(endpoint.organization_id, endpoint, state));
    }
  }

  private async visibilityUnder(organizationId: string, { agent_id, application_id }: Creator, application: ApplicationState | null): Promise<Visibility | null> {
    if (application_id !== null && application?.enabled !== true) return null;
    const agent = agent_id === null ? null : await this.agents.find(organizationId, agent_id);
    if (agent_id !== null && agent?.enabled !== true) return null;
    return visibilityOf({ id: agent_id ?? '', agent, application: application?.grant ?? null });
  }

  private async findApplication(organizationId: string, id: string): Promise<ApplicationState | null> {
    try {
      return await this.applications.get(organizationId, id);
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'not_found') return null;
      throw error;
    }
  }

  private async apply(endpoint: EndpointEntity, visibility: Visibility | null): Promise<void> {
    if (visibility === null) await this.disable(endpoint);
    else if (JSON.stringify(visibility) !== JSON.stringify(endpoint.visibility)) await this.endpoints.update(endpoint.id, { visibility });
  }

  private async disable({ id, organization_id, url, enabled, agent_id, application_id }: EndpointEntity): Promise<void> {
    if (!enabled) return;
    const reason = 'creator_disabled';
    const now = this.clock.now();
    await this.endpoints.update(id, { enabled: false, disabled_reason: reason, updated_at: now });
    this.outbox.append(domainEvent(organization_id, 'callback.disabled', now, { callback_id: id, url, reason }, subjectOf({ agent_id, application_id })));
    await this.audit.record({
      organizationId: organization_id, actor: 'system', action: 'callback.disabled', target: { type: 'callback', id },
      changes: { enabled: { old: true, new: false } }, details: { reason },
    });
  }
}

function changesPermission({ type, data }: DomainEvent): boolean {
  if (type === 'agent.deleted') return true;
  return type === 'agent.updated' && (data['changed'] as string[]).some((field) => DECISIVE.includes(field));
}

export function creatorDisabled(): DomainError {
  return new DomainError('conflict', 'callback.creator_disabled', 'The agent or application that made the endpoint is disabled.');
}
