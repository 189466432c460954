import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import { SHARED_SUBJECT, domainEvent } from '../../kernel/domain-event.js';
import type { EventType } from '../../kernel/domain-event.js';
import { newId } from '../../kernel/ids.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import { hasScope } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { Invalidation } from '../../platform/cache/invalidation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { AuditTrail, changesBetween } from '../audit/audit.contract.js';
import type { AuditChanges } from '../audit/audit.contract.js';
import { Passwords, Sessions } from '../auth/auth.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ACCOUNT_TOPIC } from './agent-accounts.service.js';
import type { AgentEntity } from './agent.entity.js';
import { AgentRegistry } from './agents.contract.js';
import type { AgentStatus, NewAgent } from './agents.contract.js';
import { AGENT_WRITABLE } from './agents.dto.js';
import type { AgentView, ListAgentsDto, UpdateAgentDto } from './agents.dto.js';
import { AgentsRepository } from './agents.repository.js';
import { toAgentView } from './agents.view.js';
import { assertMayGiveLogIn } from './log-in-given.js';

const AUDITED = AGENT_WRITABLE.filter((field) => field !== 'status');

@Injectable()
export class AgentsService extends AgentRegistry {
  constructor(
    private readonly agents: AgentsRepository,
    private readonly organizations: Organizations,
    private readonly passwords: Passwords,
    private readonly sessions: Sessions,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly audit: AuditTrail,
    private readonly invalidation: Invalidation,
    private readonly clock: Clock,
  ) {
    super();
  }

  async create(principal: Principal, { password, ...input }: NewAgent): Promise<AgentView> {
    const now = this.clock.now();
    const agent: AgentEntity = {
      id: newId('agent'),
      organization_id: principal.organizationId,
      username: input.username,
      password_hash: password === undefined ? null : await this.passwords.hash(password),
      nickname: input.nickname ?? input.username,
      email: input.email ?? null,
      mobile: input.mobile ?? null,
      avatar_url: input.avatar_url ?? null,
      role: input.role ?? 'agent',
      department: input.department ?? null,
      skills: input.skills ?? [],
      max_conversations: input.max_conversations ?? 10,
      status: input.status ?? 'offline',
      enabled: input.enabled ?? true,
      active_conversations: 0,
      idle_since: now,
      created_at: now,
      updated_at: now,
    };
    assertMayGiveLogIn(principal, null, agent);
    await this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      await this.agents.insert(agent);
      this.emit('agent.created', agent, { agent: toAgentView(agent) });
      await this.record(principal, 'agent.created', null, agent);
    });
    return toAgentView(agent);
  }

  async get(principal: Principal, id: string): Promise<AgentView> {
    const agent = await this.agents.find(principal.organizationId, id);
    if (agent === null) throw notFound('agent', id);
    return toAgentView(agent);
  }

  async list(principal: Principal, filter: ListAgentsDto): Promise<Page<AgentView>> {
    return mapPage(await this.agents.list(principal.organizationId, filter), toAgentView);
  }

  async update(principal: Principal, id: string, { password, ...input }: UpdateAgentDto, ifMatch?: string): Promise<AgentView> {
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    return this.change(principal, id, ifMatch, () => ({ ...input, ...(passwordHash !== undefined && { password_hash: passwordHash }) }));
  }

  async setStatus(principal: Principal, id: string, status: AgentStatus, ifMatch?: string): Promise<AgentView> {
    if (!maySetOwnStatus(principal, id) && !hasScope(principal, 'agents:write')) {
      throw new DomainError('forbidden', 'auth.scope_missing', 'Setting the status of another agent needs the scope agents:write, that of the agent for which a program acts conversations:write.');
    }
    return this.change(principal, id, ifMatch, () => ({ status }));
  }

  /** Agents are disabled, never removed: what they wrote stays theirs. */
  async disable(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.change(principal, id, ifMatch, () => ({ enabled: false, status: 'offline' }));
  }

  private async change(
    principal: Principal,
    id: string,
    ifMatch: string | undefined,
    changesFor: (agent: AgentEntity) => Partial<AgentEntity>,
  ): Promise<AgentView> {
    return this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      const before = await this.agents.getForUpdate(principal.organizationId, id);
      assertMatch(ifMatch, toAgentView(before), AGENT_WRITABLE);
      const changes = changesFor(before);
      if (!differs(before, changes)) return toAgentView(before);
      const now = this.clock.now();
      const after: AgentEntity = { ...before, ...changes, updated_at: now };
      assertMayGiveLogIn(principal, before, after);
      await this.agents.update(after, { ...changes, updated_at: now });
      await this.announce(before, after);
      await this.record(principal, before.enabled && !after.enabled ? 'agent.deleted' : 'agent.updated', before, after);
      this.unitOfWork.afterCommit(() => this.invalidation.publish(ACCOUNT_TOPIC, id));
      return toAgentView(after);
    });
  }

  /** One event for each kind of change. */
  private async announce(before: AgentEntity, after: AgentEntity): Promise<void> {
    if (before.status !== after.status) {
      this.emit('agent.status_changed', after, { status: after.status, previous_status: before.status });
    }
    if (before.enabled && !after.enabled) {
      await this.sessions.revokeAll(after.id);
      this.emit('agent.deleted', after, { username: after.username });
      return;
    }
    if (after.password_hash !== before.password_hash) await this.sessions.revokeAll(after.id);
    const [viewBefore, viewAfter] = [toAgentView(before), toAgentView(after)];
    const changed = AGENT_WRITABLE.filter((field) => field !== 'status' && JSON.stringify(viewBefore[field]) !== JSON.stringify(viewAfter[field]));
    if (changed.length > 0) this.emit('agent.updated', after, { changed, agent: viewAfter });
  }

  /** What routing needs, the declared status, is no permission and not recorded. */
  private async record(principal: Principal, action: string, before: AgentEntity | null, after: AgentEntity): Promise<void> {
    const changes: AuditChanges = {
      ...changesBetween(before === null ? null : toAgentView(before), toAgentView(after), AUDITED),
      ...((before?.password_hash ?? null) !== after.password_hash && { password: 'changed' }),
    };
    if (before !== null && Object.keys(changes).length === 0) return;
    await this.audit.record({ organizationId: after.organization_id, actor: principal, action, target: { type: 'agent', id: after.id }, changes });
  }

  private emit(type: EventType, agent: AgentEntity, data: Record<string, unknown>): void {
    this.outbox.append(
      domainEvent(agent.organization_id, type, this.clock.now(), { agent_id: agent.id, ...data }, { ...SHARED_SUBJECT, department: agent.department }),
    );
  }
}

/** A program that acts for an agent was not given leave for more than its scopes say; the status decides on conversations. */
function maySetOwnStatus(principal: Principal, id: string): boolean {
  return principal.id === id && (principal.application === null || hasScope(principal, 'conversations:write'));
}

function differs(before: AgentEntity, changes: Partial<AgentEntity>): boolean {
  return JSON.stringify({ ...before, ...changes }) !== JSON.stringify(before);
}
