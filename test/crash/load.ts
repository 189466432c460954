import { setTimeout as sleep } from 'node:timers/promises';
import { messageBody, type ApiClient, type Conversation } from './client.js';

export interface PostedMessage {
  clientMsgNo: string;
  conversationId: string;
  /** Set by the first success; a caller without it does not know whether the message is stored. */
  answer?: { status: number; id: string; seq: number; at: number };
}

const TICK_MS = 20;
/** So long a caller goes on repeating before it counts as a loss of service. */
const GIVE_UP_MS = 90_000;

/** Closed while the service is known to be down: callers wait for the restart and do not knock at a dead port. */
export class Gate {
  private opened: Promise<void> = Promise.resolve();
  private release: (() => void) | undefined;

  get isOpen(): boolean {
    return this.release === undefined;
  }

  close(): void {
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  open(): void {
    this.release?.();
    this.release = undefined;
  }

  passed(): Promise<void> {
    return this.opened;
  }
}

/**
 * Callers that post at a fixed rate, however slow the answers are, and behave like real ones: who got no answer
 * (or a 5xx) repeats the same client_msg_no until there is one.
 */
export class MessageLoad {
  readonly messages: PostedMessage[] = [];
  /** Requests sent; 201 answers; 200 answers to repeats; requests without an answer; 5xx answers; repeats sent. */
  readonly counts = { posts: 0, created: 0, known: 0, unanswered: 0, serverErrors: 0, repeated: 0 };
  /** What no caller may see: other statuses, messages given up. */
  readonly violations: string[] = [];
  readonly service = new Gate();

  private timer: NodeJS.Timeout | undefined;
  private readonly running = new Set<Promise<void>>();
  private createdListeners: (() => void)[] = [];

  constructor(
    private readonly client: ApiClient,
    private readonly conversations: Conversation[],
    private readonly perSecond = 200,
  ) {}

  start(): void {
    let due = 0;
    let before = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      if (this.service.isOpen) due += ((now - before) / 1000) * this.perSecond;
      before = now;
      for (; due >= 1; due -= 1) this.launch();
    }, TICK_MS);
  }

  /** No new messages; resolves when every one has an answer or has been given up. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.running);
  }

  /** Resolves in the very turn in which the next 201 arrives: committed, and most likely not yet delivered. */
  nextCreated(): Promise<void> {
    return new Promise((resolve) => this.createdListeners.push(resolve));
  }

  answered(): PostedMessage[] {
    return this.messages.filter((message) => message.answer !== undefined);
  }

  private launch(): void {
    const index = this.messages.length;
    const conversation = this.conversations[index % this.conversations.length]!;
    const message: PostedMessage = { clientMsgNo: `m${index}`, conversationId: conversation.id };
    this.messages.push(message);
    const run = this.postUntilAnswered(message, conversation).finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async postUntilAnswered(message: PostedMessage, conversation: Conversation): Promise<void> {
    const deadline = performance.now() + GIVE_UP_MS;
    const body = messageBody(conversation, message.clientMsgNo);
    for (let tries = 0; performance.now() < deadline; tries += 1) {
      if (tries > 0) {
        await this.service.passed();
        await sleep(100 + Math.random() * 200);
        this.counts.repeated += 1;
      }
      if (await this.post(message, body)) return;
    }
    this.violations.push(`${message.clientMsgNo} had no answer for ${GIVE_UP_MS / 1000} s`);
  }

  /** True when the caller is done with this message. */
  private async post(message: PostedMessage, body: unknown): Promise<boolean> {
    this.counts.posts += 1;
    let answer;
    try {
      answer = await this.client.send('POST', '/messages', body);
    } catch {
      this.counts.unanswered += 1;
      return false;
    }
    if (answer.status >= 500) {
      this.counts.serverErrors += 1;
      return false;
    }
    if (answer.status !== 201 && answer.status !== 200) {
      this.violations.push(`${message.clientMsgNo} was answered ${answer.status} ${answer.body?.code ?? ''}`);
      return true;
    }
    message.answer = { status: answer.status, id: answer.body.id, seq: answer.body.seq, at: performance.now() };
    if (answer.status === 201) {
      this.counts.created += 1;
      for (const listener of this.createdListeners.splice(0)) listener();
    } else {
      this.counts.known += 1;
    }
    return true;
  }
}
