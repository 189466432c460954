import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { normalised } from '../../platform/search/terms.js';
import { Agents } from '../agents/agents.contract.js';
import { AuditTrail, changesBetween } from '../audit/audit.contract.js';
import { CANNED_REPLY_WRITABLE } from './canned-replies.dto.js';
import type { CannedReplyView, CreateCannedReplyDto, ListCannedRepliesDto, UpdateCannedReplyDto } from './canned-replies.dto.js';
import { CannedRepliesRepository } from './canned-replies.repository.js';
import { toCannedReplyView } from './canned-replies.view.js';
import type { CannedReplyEntity } from './canned-reply.entity.js';
import { mayWrite } from './domain/reply-scope.js';
import type { OwnedReply } from './domain/reply-scope.js';

@Injectable()
export class CannedRepliesService {
  constructor(
    private readonly replies: CannedRepliesRepository,
    private readonly agents: Agents,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, input: CreateCannedReplyDto): Promise<CannedReplyView> {
    const owned = ownerOf(principal, input);
    assertWritable(principal, owned);
    const now = this.clock.now();
    const { shortcut, title, content, tags = [] } = input;
    const reply: CannedReplyEntity = {
      id: newId('cannedReply'),
      organization_id: principal.organizationId,
      ...owned,
      owner: `${owned.scope}:${owned.department ?? owned.agent_id ?? ''}`,
      shortcut,
      title,
      content,
      tags,
      search_text: searchTextOf({ shortcut, title }),
      created_at: now,
      updated_at: now,
    };
    await this.unitOfWork.run(async () => {
      await this.assertAgent(principal, owned.agent_id);
      await this.replies.insert(reply);
      await this.record(principal, 'canned_reply.created', null, reply);
    });
    return toCannedReplyView(reply);
  }

  async get(principal: Principal, id: string): Promise<CannedReplyView> {
    return toCannedReplyView(await this.replies.get(principal, id));
  }

  async list(principal: Principal, filter: ListCannedRepliesDto): Promise<Page<CannedReplyView>> {
    return mapPage(await this.replies.list(principal, filter), toCannedReplyView);
  }

  async update(principal: Principal, id: string, input: UpdateCannedReplyDto, ifMatch?: string): Promise<CannedReplyView> {
    return this.unitOfWork.run(async () => {
      const before = await this.getForChange(principal, id, ifMatch);
      const after: CannedReplyEntity = { ...before, ...input };
      if (JSON.stringify(after) === JSON.stringify(before)) return toCannedReplyView(before);
      after.search_text = searchTextOf(after);
      after.updated_at = this.clock.now();
      await this.replies.update(after);
      await this.record(principal, 'canned_reply.updated', before, after);
      return toCannedReplyView(after);
    });
  }

  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const before = await this.getForChange(principal, id, ifMatch);
      await this.replies.delete(id);
      await this.record(principal, 'canned_reply.deleted', before, null);
    });
  }

  private async getForChange(principal: Principal, id: string, ifMatch: string | undefined): Promise<CannedReplyEntity> {
    const reply = await this.replies.get(principal, id, true);
    assertWritable(principal, reply);
    assertMatch(ifMatch, toCannedReplyView(reply), CANNED_REPLY_WRITABLE);
    return reply;
  }

  private async record(principal: Principal, action: string, before: CannedReplyEntity | null, after: CannedReplyEntity | null): Promise<void> {
    const { id, organization_id, scope, department, agent_id, shortcut } = (after ?? before)!;
    const changes = after === null ? {} : changesBetween(before, after, CANNED_REPLY_WRITABLE);
    await this.audit.record({
      organizationId: organization_id, actor: principal, action, target: { type: 'canned_reply', id }, changes, details: { scope, department, agent_id, shortcut },
    });
  }

  private async assertAgent(principal: Principal, id: string | null): Promise<void> {
    if (id === null || (await this.agents.find(principal.organizationId, id)) !== null) return;
    throw invalidField('agent_id', 'agent.not_found', `There is no agent ${JSON.stringify(id)}.`);
  }
}

/** Whose a new text is: what the caller names, or what is its own. */
function ownerOf(principal: Principal, { scope: named, department, agent_id }: CreateCannedReplyDto): OwnedReply {
  const own = principal.kind === 'agent' ? principal : null;
  const scope = named ?? (own === null ? 'organization' : 'agent');
  if (department !== undefined && scope !== 'department') throw invalidField('department', 'canned_reply.owner_unfit', `A department does not go with the scope ${scope}.`);
  if (agent_id !== undefined && scope !== 'agent') throw invalidField('agent_id', 'canned_reply.owner_unfit', `An agent does not go with the scope ${scope}.`);
  const owner: OwnedReply = {
    scope,
    department: scope === 'department' ? (department ?? own?.agent?.department ?? null) : null,
    agent_id: scope === 'agent' ? (agent_id ?? own?.id ?? null) : null,
  };
  if (scope === 'department' && owner.department === null) throw invalidField('department', 'required', 'Name the department that it is for.');
  if (scope === 'agent' && owner.agent_id === null) throw invalidField('agent_id', 'required', 'Name the agent that it is for.');
  return owner;
}

function assertWritable(principal: Principal, reply: OwnedReply): void {
  if (mayWrite(principal, reply)) return;
  throw new DomainError('forbidden', 'canned_reply.not_writable', 'Agents write their own texts, supervisors those of their department too, admins all.');
}

function searchTextOf({ shortcut, title }: Pick<CannedReplyEntity, 'shortcut' | 'title'>): string {
  return normalised(`${shortcut}\n${title}`);
}
