import { newId, ulid } from '../../../src/kernel/ids.js';
import { addRows } from '../../../src/platform/database/rows.js';
import type { UnitOfWork } from '../../../src/platform/database/unit-of-work.js';
import { seeded } from '../../support/seeded.js';

export interface YearSize {
  year: number;
  agents: number;
  conversations: number;
  messagesEach: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Conversations written by one transaction. */
const SLICE = 200;
const CHANNELS = ['web', 'app', 'wechat', 'email'];
const DEPARTMENTS = ['support', 'billing', 'sales', 'returns', 'vip'];
const CATEGORIES = ['order', 'refund', 'delivery', 'invoice', 'account', 'product', 'complaint', 'warranty', 'other', null];
const PRIORITIES = ['low', 'normal', 'high', 'urgent'];
const TYPES = ['text', 'text', 'text', 'image', 'link'];

const AGENT = [
  'id', 'organization_id', 'username', 'nickname', 'role', 'department', 'skills', 'max_conversations', 'status', 'enabled', 'idle_since', 'created_at', 'updated_at',
];
const VISITOR = ['id', 'organization_id', 'external_id', 'tags', 'metadata', 'created_at', 'updated_at'];
const CONVERSATION = [
  'id', 'organization_id', 'visitor_id', 'agent_id', 'channel', 'category', 'department', 'priority', 'skills', 'tags', 'metadata', 'status', 'last_seq',
  'created_at', 'updated_at', 'assigned_at', 'first_response_at', 'closed_at', 'rating', 'transfer_count',
];
const MESSAGE = ['id', 'organization_id', 'conversation_id', 'seq', 'sender_type', 'sender_id', 'type', 'content', 'metadata', 'status', 'created_at'];

/** A year of a desk that is open for eleven hours a day, put into the tables as if it had happened there; no events tell of it. */
export async function fillYear(unitOfWork: UnitOfWork, { year, agents, conversations, messagesEach }: YearSize): Promise<void> {
  const random = seeded(year);
  const below = (bound: number): number => Math.floor(random() * bound);
  const one = <T>(values: readonly T[]): T => values[below(values.length)]!;
  const begin = Date.UTC(year, 0, 1);
  const [organization] = await unitOfWork.query<{ id: string }>("SELECT id FROM organizations WHERE slug = 'default'");
  const own = organization!.id;
  const staff = Array.from({ length: agents }, (_, index) => ({ id: newId('agent'), department: DEPARTMENTS[index % DEPARTMENTS.length]! }));
  const visitor = newId('visitor');
  await unitOfWork.run(async () => {
    await addRows(unitOfWork, 'agents', AGENT, staff.map(({ id, department }) => [id, own, id, id, 'agent', department, '[]', 10, 'offline', 1, begin, begin, begin]));
    await addRows(unitOfWork, 'visitors', VISITOR, [[visitor, own, 'year', '[]', '{}', begin, begin]]);
  });
  for (let start = 0; start < conversations; start += SLICE) {
    const opened: unknown[][] = [];
    const messages: unknown[][] = [];
    for (let index = start; index < Math.min(start + SLICE, conversations); index++) {
      const at = begin + below(365) * DAY_MS + 8 * 60 * MINUTE_MS + below(11 * 60) * MINUTE_MS + below(MINUTE_MS);
      const { id: agent, department } = one(staff);
      const id = `cnv_${ulid(at)}`;
      const answered = random() < 0.9;
      const closedAt = at + messagesEach * 2 * MINUTE_MS;
      opened.push([
        id, own, visitor, agent, one(CHANNELS), one(CATEGORIES), department, one(PRIORITIES), '[]', '[]', '{}', 'closed', messagesEach,
        at, closedAt, at + below(5 * MINUTE_MS), answered ? at + below(9 * MINUTE_MS) : null, closedAt, random() < 0.3 ? 1 + below(5) : null, random() < 0.1 ? 1 : 0,
      ]);
      for (let seq = 1; seq <= messagesEach; seq++) {
        const byAgent = answered && seq % 2 === 0;
        messages.push([newId('message'), own, id, seq, byAgent ? 'agent' : 'visitor', byAgent ? agent : visitor, one(TYPES), '"hello"', '{}', 'sent', at + seq * 2 * MINUTE_MS]);
      }
    }
    await unitOfWork.run(async () => {
      await addRows(unitOfWork, 'conversations', CONVERSATION, opened);
      await addRows(unitOfWork, 'messages', MESSAGE, messages);
    });
  }
  await fillTimes(unitOfWork, own, staff, begin);
}

/** On each of 250 days every agent changes 12 times. */
async function fillTimes(unitOfWork: UnitOfWork, organizationId: string, staff: readonly { id: string; department: string }[], begin: number): Promise<void> {
  const columns = ['organization_id', 'agent_id', 'department', 'status', 'active', 'started_at', 'ended_at'];
  for (const { id, department } of staff) {
    const periods: unknown[][] = [];
    for (let day = 0; day < 250; day++) {
      for (let part = 0; part < 12; part++) {
        const at = begin + day * DAY_MS + 8 * 60 * MINUTE_MS + part * 47 * MINUTE_MS;
        periods.push([organizationId, id, department, ['online', 'busy', 'away'][part % 3], part % 4, at, at + 47 * MINUTE_MS]);
      }
    }
    await unitOfWork.run(async () => {
      await addRows(unitOfWork, 'statistics_agent_periods', columns, periods);
      await addRows(unitOfWork, 'statistics_agents', ['agent_id', 'organization_id', 'department', 'status', 'active', 'since'], [[id, organizationId, department, 'offline', 0, begin]]);
    });
  }
}
