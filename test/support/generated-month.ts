import { expect } from 'vitest';
import { anAgent, created, unique } from './desk.js';
import type { Resource } from './desk.js';
import { seeded } from './seeded.js';
import type { SetClock } from './set-clock.js';
import type { Answer, Caller } from './start-test-app.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const CHANNELS = ['web', 'app', '微信'];
const CATEGORIES = ['order', 'refund', null, '=HYPERLINK("http://example.com")'];
const PRIORITIES = ['low', 'normal', 'high', 'urgent'];

interface Step {
  at: number;
  run: () => Promise<unknown>;
}

/** A few agents, conversations and tickets of a month, made through the API at the moments in which they happened. */
export class GeneratedMonth {
  readonly agents: Resource[] = [];
  private readonly steps: Step[] = [];
  private readonly random = seeded(20_260_301);

  constructor(
    private readonly api: Caller,
    private readonly clock: SetClock,
    private readonly from: number,
    private readonly days: number,
  ) {}

  async run(conversations: number, tickets: number): Promise<void> {
    this.clock.set(this.from);
    for (const department of ['support', 'billing', null]) {
      this.agents.push(await anAgent(this.api, { department, status: 'offline', max_conversations: 3 }));
    }
    for (const agent of this.agents) this.planAgent(agent);
    for (let index = 0; index < conversations; index++) this.planConversation();
    for (let index = 0; index < tickets; index++) this.planTicket();
    for (const { at, run } of this.steps.toSorted((a, b) => a.at - b.at)) {
      this.clock.set(at);
      await run();
    }
    this.clock.set(this.from + this.days * DAY_MS);
  }

  private between(least: number, most: number): number {
    return Math.floor(least + this.random() * (most - least));
  }

  private one<T>(values: readonly T[]): T {
    return values[this.between(0, values.length)]!;
  }

  private plan(at: number, run: () => Promise<unknown>): number {
    if (at < this.from + this.days * DAY_MS) this.steps.push({ at, run });
    return at;
  }

  private planAgent({ id }: Resource): void {
    for (let day = 0; day < this.days; day += 3) {
      let at = this.from + day * DAY_MS + this.between(6 * HOUR_MS, 9 * HOUR_MS);
      for (const status of ['online', 'busy', 'online', 'away', 'online', 'offline']) {
        this.plan(at, () => ok(this.api.put(`/agents/${id}/status`, { status })));
        at += this.between(20 * MINUTE_MS, 4 * HOUR_MS);
      }
    }
  }

  private planConversation(): void {
    let conversation: Resource;
    const fields = {
      channel: this.one(CHANNELS), category: this.one(CATEGORIES), priority: this.one(PRIORITIES), department: this.one(['support', 'support', 'billing', null]),
    };
    const answered = this.random() < 0.75;
    let at = this.from + this.between(0, this.days * DAY_MS);
    this.plan(at, async () => (conversation = await created(this.api.post('/conversations', { visitor: { external_id: unique('month') }, ...fields }))));
    const path = (action = ''): string => `/conversations/${conversation.id}${action}`;
    const send = (sender: object, type = 'text'): Promise<unknown> => ok(this.api.post('/messages', { conversation_id: conversation.id, sender, type, content: type === 'text' ? 'hello' : { url: 'https://example.com/1' } }));
    const later = (most: number): number => (at += this.between(1, most));
    this.plan(later(MINUTE_MS), () => send({ type: 'visitor' }));
    if (answered) {
      const agent = this.one(this.agents);
      this.plan(later(HOUR_MS), () => send({ type: 'agent', id: agent.id }));
      if (this.random() < 0.3) this.plan(later(HOUR_MS), () => ok(this.api.put(path(), { category: 'changed', priority: 'high' })));
      if (this.random() < 0.3) this.plan(later(HOUR_MS), () => transferred(this.api.post(path('/transfer'), { agent_id: agent.id, reason: 'knows it' })));
      this.plan(later(10 * MINUTE_MS), () => send({ type: 'bot', id: 'bot' }, 'image'));
      this.plan(later(30 * HOUR_MS), () => send({ type: 'visitor' }, 'link'));
    }
    if (this.random() < 0.15) return;
    this.plan(later(6 * HOUR_MS), () => ok(this.api.delete(path())));
    const score = this.between(1, 6);
    if (answered && this.random() < 0.6) this.plan(later(HOUR_MS), () => ok(this.api.post(path('/rating'), { score })));
    if (this.random() < 0.1) this.plan(later(HOUR_MS), () => ok(this.api.post(path('/reopen'))));
  }

  private planTicket(): void {
    let ticket: Resource;
    const at = this.from + this.between(0, this.days * DAY_MS);
    const fields = { title: 'A ticket', category: this.one(['order', null]), priority: this.one(PRIORITIES), handler: this.one([this.agents[0]!.id, 'outside', null]) };
    const due_at = new Date(at + this.between(HOUR_MS, 3 * DAY_MS)).toISOString();
    this.plan(at, async () => (ticket = await created(this.api.post('/tickets', { ...fields, due_at }))));
    if (this.random() < 0.3) return;
    const step = (status: string) => async (): Promise<unknown> => ok(this.api.post(`/tickets/${ticket.id}/status`, { status }));
    let next = this.plan(at + this.between(1, DAY_MS), step('processing'));
    if (this.random() < 0.8) next = this.plan(next + this.between(1, 3 * DAY_MS), step('resolved'));
    if (this.random() < 0.3) this.plan(next + this.between(1, DAY_MS), step('processing'));
  }
}

async function ok(answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer;
  expect(status, text).toBeLessThan(300);
}

/** It may have that agent already, or that agent as many as it takes. */
async function transferred(answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer;
  expect([200, 409], text).toContain(status);
}
