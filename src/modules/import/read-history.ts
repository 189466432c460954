import type { FieldError } from '../../kernel/domain-error.js';
import type { HistoricConversation } from '../conversations/conversation-history.contract.js';
import type { HistoricMessage, HistoricReading } from '../messages/message-history.contract.js';
import type { SenderType } from '../messages/messages.contract.js';
import { hasAtMost } from '../../platform/http/validation/rules.js';
import { readInstant } from '../../platform/time/local-time.js';
import type { ImportMessageDto } from './import-message.dto.js';
import type { ImportConversationDto } from './import.dto.js';

/** A clock that is a little ahead is no mistake. */
const AHEAD_MS = 5 * 60_000;

/** Of those who are not known here by an id of our own. */
const MAX_SENDER_ID = 64;

/** A conversation that can be stored, but for the visitor, who is found in the transaction. */
export interface History {
  conversation: Omit<HistoricConversation, 'visitorId'>;
  messages: HistoricMessage[];
  read: HistoricReading;
}

export interface ReadingContext {
  /** IANA name; instants without an offset are read in it. */
  timeZone: string;
  now: number;
  /** Ids of agents by id and by username. */
  agents: ReadonlyMap<string, string>;
}

/** Turns what was sent into what is stored; everything that does not fit together is named in `errors`. */
export function readHistory(input: ImportConversationDto, context: ReadingContext, errors: FieldError[]): History {
  const reader = new Reader(context, errors);
  const status = input.status ?? 'closed';
  const createdAt = reader.instant('created_at', input.created_at);
  const messages = (input.messages ?? []).map((message, index) => reader.message(`messages[${index}]`, message)).toSorted((a, b) => a.createdAt - b.createdAt);
  reader.uniqueNumbers(messages);
  const firstAgentId = reader.agent('agent', input.agent);
  const assignedAt = firstAgentId === null ? null : input.assigned_at === undefined ? createdAt : reader.instant('assigned_at', input.assigned_at);
  const transfers = (input.transfers ?? []).map((transfer, index) => ({
    at: reader.instant(`transfers[${index}].at`, transfer.at),
    agentId: reader.agent(`transfers[${index}].agent`, transfer.agent),
    department: transfer.department ?? null,
    reason: transfer.reason ?? null,
  })).toSorted((a, b) => a.at - b.at);
  const last = messages.at(-1)?.createdAt ?? null;
  const latest = Math.max(...[createdAt, assignedAt, last, transfers.at(-1)?.at ?? null].filter((at) => at !== null));
  const rating = input.rating ?? null;
  const toldRatedAt = rating?.at === undefined ? null : reader.instant('rating.at', rating.at);
  const closedAt = status !== 'closed' ? null : input.closed_at === undefined ? Math.max(latest, toldRatedAt ?? latest) : reader.instant('closed_at', input.closed_at);
  const ratedAt = rating === null ? null : (toldRatedAt ?? closedAt ?? latest);
  const agentId = transfers.length === 0 ? firstAgentId : transfers.at(-1)!.agentId;
  const read = { desk: status === 'closed' ? messages.length : seqOfLast('agent', messages), visitor: seqOfLast('visitor', messages) };
  const firstDepartment = input.department ?? null;
  if (input.closed_at !== undefined && status !== 'closed') reader.refuse('closed_at', 'import.not_closed', 'Only a closed conversation has closed_at.');
  if ((status === 'open' || status === 'pending') && agentId === null) reader.refuse('agent', 'import.agent_required', `A conversation that is ${status} needs an agent.`);
  if (status === 'queued' && agentId !== null) reader.refuse('agent', 'import.agent_unfit', 'A conversation that is queued has no agent.');
  reader.inOrder('assigned_at', createdAt, assignedAt, 'created_at');
  reader.inOrder('messages', createdAt, messages[0]?.createdAt ?? null, 'created_at');
  for (const [index, { at }] of transfers.entries()) reader.inOrder(`transfers[${index}].at`, assignedAt ?? createdAt, at, 'the conversation was given to an agent');
  reader.inOrder('rating.at', createdAt, ratedAt, 'created_at');
  reader.inOrder('closed_at', latest, closedAt, 'the last that happened in it');
  return {
    conversation: {
      agentId, firstAgentId, firstDepartment, status, createdAt, assignedAt, closedAt, transfers,
      channel: input.channel ?? 'import',
      category: input.category ?? null,
      department: transfers.findLast(({ department }) => department !== null)?.department ?? firstDepartment,
      subject: input.subject ?? null,
      priority: input.priority ?? 'normal',
      skills: input.skills ?? [],
      tags: input.tags ?? [],
      metadata: input.metadata ?? {},
      firstResponseAt: messages.find(({ sender }) => sender.type === 'agent')?.createdAt ?? null,
      lastMessageAt: last,
      rating: rating === null ? null : { score: rating.score, comment: rating.comment ?? null, at: ratedAt! },
      messageCount: messages.length,
      unreadCount: messages.slice(read.desk).filter(({ sender }) => sender.type === 'visitor').length,
    },
    messages,
    read,
  };
}

/** Who writes has read what was written before; 0 for who wrote nothing. */
function seqOfLast(type: SenderType, messages: readonly HistoricMessage[]): number {
  return messages.findLastIndex(({ sender }) => sender.type === type) + 1;
}

class Reader {
  constructor(
    private readonly context: ReadingContext,
    private readonly errors: FieldError[],
  ) {}

  refuse(field: string, code: string, message: string): void {
    this.errors.push({ field, code, message });
  }

  instant(field: string, text: string): number {
    const instant = readInstant(text, this.context.timeZone);
    if (instant === null) this.refuse(field, 'import.instant_invalid', `${field} must be RFC 3339, yyyy-MM-dd HH:mm:ss or yyyy-MM-dd.`);
    else if (instant > this.context.now + AHEAD_MS) this.refuse(field, 'import.in_the_future', `${field} is in the future.`);
    return instant ?? Number.NaN;
  }

  agent(field: string, name: string | null | undefined): string | null {
    if (name === null || name === undefined) return null;
    const id = this.context.agents.get(name);
    if (id === undefined) this.refuse(field, 'agent.not_found', `There is no agent ${JSON.stringify(name)}.`);
    return id ?? null;
  }

  message(path: string, { sender, type, content, metadata, client_msg_no, created_at }: ImportMessageDto): HistoricMessage {
    if (sender.type === 'agent' && (sender.id ?? null) === null) this.refuse(`${path}.sender.id`, 'required', 'An agent is named by id or username.');
    const id = sender.type === 'agent' ? this.agent(`${path}.sender.id`, sender.id) : sender.type === 'visitor' ? null : (sender.id ?? null);
    if (sender.type !== 'agent' && id !== null && !hasAtMost(MAX_SENDER_ID, id)) {
      this.refuse(`${path}.sender.id`, 'max_length', `The id of a ${sender.type} has at most ${MAX_SENDER_ID} characters.`);
    }
    return {
      sender: { type: sender.type, id }, type, content, metadata: metadata ?? {}, clientMsgNo: client_msg_no ?? null, createdAt: this.instant(`${path}.created_at`, created_at),
    };
  }

  /** Within a conversation a `client_msg_no` is one message. */
  uniqueNumbers(messages: readonly HistoricMessage[]): void {
    const seen = new Set<string>();
    for (const { clientMsgNo } of messages) {
      if (clientMsgNo === null) continue;
      if (seen.has(clientMsgNo)) this.refuse('messages', 'import.client_msg_no_repeated', `Two messages have the client_msg_no ${JSON.stringify(clientMsgNo)}.`);
      seen.add(clientMsgNo);
    }
  }

  /** Says nothing of instants that could not be read: that is said already. */
  inOrder(field: string, earlier: number, later: number | null, what: string): void {
    if (later !== null && later < earlier) this.refuse(field, 'import.instants_out_of_order', `${field} lies before ${what}.`);
  }
}
