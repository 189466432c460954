import { Injectable } from '@nestjs/common';
import { ConversationFacts } from '../../conversations/conversation-facts.contract.js';
import type { ConversationFact } from '../../conversations/conversation-facts.contract.js';
import { Departments } from '../../departments/departments.contract.js';
import { MessageFacts } from '../../messages/message-facts.contract.js';
import type { MessageTally } from '../../messages/message-facts.contract.js';
import { dayOf, merged, ordered, quarterOf } from '../cells/cell.js';
import type { Cell, Labels } from '../cells/cell.js';
import { MEASURES, SENDERS, valuesOf } from '../cells/sources.js';
import { FactStore } from '../facts/fact-store.js';
import type { KnownFact, NewFact } from '../facts/fact-store.js';
import { ServingAgents } from './serving-agents.js';

/** Counts conversations and their messages as they are now, in place of what was counted of them before. */
@Injectable()
export class CountConversations {
  constructor(
    private readonly conversations: ConversationFacts,
    private readonly messages: MessageFacts,
    private readonly departments: Departments,
    private readonly serving: ServingAgents,
    private readonly facts: FactStore,
  ) {}

  /** Needs an open unit that holds the projection. With `anew` messages that were counted before are counted again. */
  async count(organizationId: string, ids: readonly string[], anew = false): Promise<void> {
    if (ids.length === 0) return;
    const conversations = await this.conversations.find(organizationId, ids);
    await this.countThem(organizationId, ids, conversations);
    await this.countMessages(organizationId, ids, conversations, anew);
  }

  private async countThem(organizationId: string, ids: readonly string[], conversations: readonly ConversationFact[]): Promise<void> {
    const firstAssigned = await this.serving.firstAssignedAt(organizationId, ids);
    const known = await this.facts.load(organizationId, 'conversation', ids);
    const facts: NewFact[] = [];
    for (const conversation of conversations) {
      const cell = await this.cellOf(organizationId, conversation, firstAssigned.get(conversation.id) ?? conversation.assignedAt);
      const day = dayOf(conversation.createdAt);
      facts.push({ subjectId: conversation.id, day, cells: [cell], known: known.get(conversation.id)?.get(day) });
    }
    await this.facts.replace(organizationId, 'conversation', facts);
  }

  private async cellOf(organizationId: string, conversation: ConversationFact, firstAssignedAt: number | null): Promise<Cell> {
    const { createdAt, firstResponseAt, assignedAt, rating } = conversation;
    const closedAt = conversation.status === 'closed' ? conversation.closedAt : null;
    const solvedAt = firstResponseAt === null ? null : closedAt;
    const since = (at: number | null, from = createdAt): number => (at === null ? 0 : Math.max(0, at - from));
    const businessSince = (at: number | null): Promise<number> =>
      at === null ? Promise.resolve(0) : this.departments.businessMsBetween(organizationId, conversation.department, createdAt, at);
    const values = valuesOf('conversation', {
      total: 1,
      closed: one(closedAt),
      success: one(solvedAt),
      abandoned: Number(closedAt !== null && firstResponseAt === null),
      transferred: Number(conversation.transferCount > 0),
      transfers: conversation.transferCount,
      off_hours: Number(conversation.offHours),
      answered: one(firstResponseAt),
      first_response_ms: since(firstResponseAt),
      first_response_business_ms: await businessSince(firstResponseAt),
      assigned: one(firstAssignedAt),
      wait_ms: since(firstAssignedAt),
      wait_business_ms: await businessSince(firstAssignedAt),
      duration_ms: since(closedAt),
      handled: Number(closedAt !== null && assignedAt !== null),
      handling_ms: since(closedAt, assignedAt ?? Infinity),
      resolution_ms: since(solvedAt),
      resolution_business_ms: await businessSince(solvedAt),
      ...(rating !== null && { [`rating_${rating}`]: 1 }),
    });
    return { quarter: quarterOf(createdAt), labels: labelsOf(conversation), values };
  }

  private async countMessages(organizationId: string, ids: readonly string[], conversations: readonly ConversationFact[], anew: boolean): Promise<void> {
    const known = await this.facts.load(organizationId, 'message', ids);
    // Each message has a seq, without gaps: as many as were counted lie before those that were not.
    const counted = (id: string): number => (anew ? 0 : [...(known.get(id)?.values() ?? [])].flatMap(({ cells }) => cells).reduce((sum, { values }) => sum + sentIn(values), 0));
    const places = conversations.map(({ id, lastSeq }) => ({ conversationId: id, seq: counted(id), lastSeq }));
    const tallies = await this.messages.countAfter(places.filter(({ seq, lastSeq }) => seq < lastSeq));
    const news = new Map(ids.map((id): [string, MessageTally[]] => [id, []]));
    for (const tally of tallies) news.get(tally.conversationId)!.push(tally);
    const facts = conversations.flatMap((conversation) => messageFactsOf(conversation, anew, known.get(conversation.id) ?? new Map(), news.get(conversation.id)!));
    await this.facts.replace(organizationId, 'message', facts);
  }
}

function one(value: unknown): number {
  return Number(value !== null);
}

function labelsOf({ agentId, department, channel, category, priority, status }: ConversationFact): Labels {
  return { agent: agentId, department, channel, category, priority, status };
}

function sentIn(values: readonly number[]): number {
  return values.slice(0, SENDERS.length).reduce((sum, value) => sum + value, 0);
}

/**
 * By day. Messages go with their conversation, as it is now; those of agents belong to who wrote them, and all others to
 * the agent of the conversation.
 */
function messageFactsOf(conversation: ConversationFact, anew: boolean, known: ReadonlyMap<string, KnownFact>, tallies: readonly MessageTally[]): NewFact[] {
  const labels = labelsOf(conversation);
  const byDay = new Map<string, Cell[]>();
  const add = (day: string, cell: Cell): void => void byDay.set(day, [...(byDay.get(day) ?? []), cell]);
  for (const [day, { cells }] of known) {
    if (anew) byDay.set(day, []);
    else for (const cell of cells) add(day, { ...cell, labels: { ...labels, agent: byAgents(cell) ? cell.labels.agent : labels.agent } });
  }
  for (const { senderType, senderId, type, quarterAt, count } of tallies) {
    const values = valuesOf('message', { [`by_${senderType}`]: count, [type]: count });
    add(dayOf(quarterAt), { quarter: quarterOf(quarterAt), labels: { ...labels, agent: senderType === 'agent' ? senderId : labels.agent }, values });
  }
  return [...byDay].map(([day, cells]) => ({ subjectId: conversation.id, day, cells: ordered(apart(cells)), known: known.get(day) }));
}

const BY_AGENT = MEASURES.message.indexOf('by_agent');

/** Cells hold either messages of agents or those of others: the former stay with their agent. */
function byAgents({ values }: Cell): boolean {
  return values[BY_AGENT]! > 0;
}

function apart(cells: readonly Cell[]): Cell[] {
  return [...merged(cells.filter(byAgents)), ...merged(cells.filter((cell) => !byAgents(cell)))];
}
