import { Random } from './random.js';

export interface MonthSize {
  seed: number;
  agents: number;
  conversations: number;
  messages: number;
}

export interface GeneratedAgent {
  username: string;
  nickname: string;
  department: string;
}

export interface GeneratedMessage {
  sender: { type: 'visitor' | 'agent' | 'bot'; id?: string };
  type: 'text' | 'image';
  content: string | { url: string };
  created_at: string;
}

/** As POST /import takes it. */
export interface GeneratedConversation {
  external_id: string;
  visitor: { external_id: string; name: string; language: string };
  agent: string | null;
  channel: string;
  category: string;
  department: string;
  subject: string;
  priority: string;
  tags: string[];
  status: 'closed' | 'open';
  created_at: string;
  assigned_at?: string;
  closed_at?: string;
  transfers: { at: string; agent: string; department: string; reason: string }[];
  rating: { score: number; comment: string; at: string } | null;
  messages: GeneratedMessage[];
}

/** March 2026: New York changes its clocks on the 8th, Berlin on the 29th. */
export const MONTH = { from: Date.parse('2026-03-01T00:00:00Z'), until: Date.parse('2026-04-01T00:00:00Z') };
const DAY_MS = 86_400_000;
const DEPARTMENTS = ['support', 'sales', 'billing', 'technical', 'vip'] as const;
const CHANNELS = { web: 5, app: 3, wechat: 3, email: 1 };
const CATEGORIES = { order: 5, delivery: 4, refund: 2, account: 2, other: 1 };
const PRIORITIES = { normal: 8, high: 2, low: 1, urgent: 1 };
const SCORES = { 5: 6, 4: 3, 3: 1, 2: 0.5, 1: 0.7 };
/** How busy an hour of the day is, in UTC. */
const HOURS = [1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 10, 9, 10, 11, 10, 8, 7, 6, 5, 4, 3, 2, 1];
const NAMES = ['张三', '李四', '王芳', 'Grace', 'Ada', 'Linus', 'Müller', 'Søren', 'Ольга', 'José'];
const WORDS = ['parcel', 'invoice', 'order', 'refund', 'password', '订单', '发票', '退款', 'address', 'delivery', 'today', 'please', 'thanks', 'number', '物流'];
/** The shortest and the longest conversation, beside which the average is what the size asks for. */
const SPREAD = 0.9;

export function generatedAgents({ agents }: MonthSize): GeneratedAgent[] {
  return Array.from({ length: agents }, (_, index) => ({
    username: `month-agent-${String(index + 1).padStart(2, '0')}`, nickname: `Agent ${index + 1}`, department: DEPARTMENTS[index % DEPARTMENTS.length]!,
  }));
}

/** One after another, in the order of their ids; together exactly as many messages as asked for. */
export function* generatedConversations(size: MonthSize): Generator<GeneratedConversation> {
  const random = new Random(size.seed);
  const agents = generatedAgents(size);
  let left = size.messages;
  for (let index = 0; index < size.conversations; index++) {
    const average = left / (size.conversations - index);
    const count = index === size.conversations - 1 ? left : Math.round(average * (1 - SPREAD + 2 * SPREAD * random.next()));
    left -= count;
    yield aConversation(random, agents, size, index, count);
  }
}

function aConversation(random: Random, agents: readonly GeneratedAgent[], size: MonthSize, index: number, messageCount: number): GeneratedConversation {
  const createdAt = anInstant(random);
  const department = random.pick(DEPARTMENTS);
  const colleagues = agents.filter((agent) => agent.department === department);
  const answered = colleagues.length > 0 && random.chance(0.93);
  const agent = answered ? random.pick(colleagues) : null;
  const assignedAt = createdAt + random.seconds(20) * 1000;
  const messages = theMessages(random, { createdAt, assignedAt, agent, count: messageCount });
  const last = Date.parse(messages.at(-1)?.created_at ?? new Date(createdAt).toISOString());
  const transfer = agent !== null && random.chance(0.08) ? aTransfer(random, agents, Math.max(last, assignedAt)) : null;
  const lastAt = Math.max(last, agent === null ? 0 : assignedAt, transfer === null ? 0 : Date.parse(transfer.at));
  const closed = agent === null || random.chance(0.99);
  const closedAt = lastAt + random.seconds(60) * 1000;
  const rating = closed && agent !== null && random.chance(0.4) ? random.weighted(SCORES) : null;
  return {
    external_id: `month-${size.seed}/${index}`,
    visitor: { external_id: `month-visitor-${random.between(1, Math.ceil(size.conversations / 2))}`, name: random.pick(NAMES), language: random.pick(['zh-CN', 'en', 'de']) },
    agent: agent?.username ?? null,
    channel: random.weighted(CHANNELS),
    category: random.weighted(CATEGORIES),
    department,
    subject: text(random, 3),
    priority: random.weighted(PRIORITIES),
    tags: random.chance(0.3) ? [random.pick(WORDS)] : [],
    status: closed ? 'closed' : 'open',
    created_at: iso(createdAt),
    ...(agent !== null && { assigned_at: iso(assignedAt) }),
    ...(closed && { closed_at: iso(closedAt) }),
    transfers: transfer === null ? [] : [transfer],
    rating: rating === null ? null : { score: Number(rating), comment: text(random, 2), at: iso(closedAt + random.seconds(90) * 1000) },
    messages,
  };
}

function theMessages(
  random: Random,
  { createdAt, assignedAt, agent, count }: { createdAt: number; assignedAt: number; agent: GeneratedAgent | null; count: number },
): GeneratedMessage[] {
  const messages: GeneratedMessage[] = [];
  let at = createdAt;
  for (let index = 0; index < count; index++) {
    const mayAnswer = agent !== null && index > 0;
    const answers = mayAnswer && (index === 1 || random.chance(0.5));
    if (index > 0) at += random.seconds(answers ? 30 : 45) * 1000;
    if (answers) at = Math.max(at, assignedAt + 1000);
    const sender = answers ? ({ type: 'agent', id: agent.username } as const) : index > 0 && random.chance(0.04) ? ({ type: 'bot', id: 'helper' } as const) : ({ type: 'visitor' } as const);
    const image = random.chance(0.02);
    messages.push({ sender, type: image ? 'image' : 'text', content: image ? { url: `https://example.com/${index}.png` } : text(random, random.between(2, 9)), created_at: iso(at) });
  }
  return messages;
}

function aTransfer(random: Random, agents: readonly GeneratedAgent[], after: number): GeneratedConversation['transfers'][number] {
  const to = random.pick(agents);
  return { at: iso(after + random.seconds(40) * 1000), agent: to.username, department: to.department, reason: text(random, 2) };
}

/** More on weekdays and by day. */
function anInstant(random: Random): number {
  for (;;) {
    const day = MONTH.from + random.between(0, (MONTH.until - MONTH.from) / DAY_MS - 1) * DAY_MS;
    const weekend = [0, 6].includes(new Date(day).getUTCDay());
    if (weekend && !random.chance(0.4)) continue;
    const hour = Number(random.weighted(Object.fromEntries(HOURS.map((weight, index) => [String(index), weight]))));
    return day + hour * 3_600_000 + random.between(0, 3_599_999);
  }
}

function text(random: Random, words: number): string {
  return Array.from({ length: words }, () => random.pick(WORDS)).join(' ');
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
