import { Webhook } from 'standardwebhooks';
import type { ReceivedCallback, SinkAnswer } from '../support/callback-sink.js';

/**
 * What a careful receiver keeps: every callback is verified as it arrives, one in fifty is refused with 500 so that
 * retries are part of the load, and only what was answered 200 counts as arrived.
 */
export class CallbackLedger {
  secret: string | undefined;
  /** While the clock of the service jumps, a receiver that looked at the time of signatures would refuse them. */
  anyTime = false;
  readonly counts = { received: 0, accepted: 0, refused: 0, duplicates: 0 };
  readonly violations: string[] = [];
  /** Message id to event id. */
  private readonly eventOf = new Map<string, string>();
  private readonly acceptedEvents = new Set<string>();
  /** Message id to the instant of the first callback that was answered 200. */
  private readonly acceptedMessages = new Map<string, number>();
  private readonly listeners = new Set<(messageId: string) => void>();

  constructor(private readonly refuseEvery = 50) {}

  answer = (request: ReceivedCallback): SinkAnswer => {
    this.counts.received += 1;
    this.verify(request);
    const eventId = String(request.headers['webhook-id']);
    if (this.acceptedEvents.has(eventId)) this.counts.duplicates += 1;
    if (this.counts.received % this.refuseEvery === 0) {
      this.counts.refused += 1;
      return { status: 500 };
    }
    this.accept(eventId, request.body?.data?.message_id);
    return { status: 200 };
  };

  has(messageId: string): boolean {
    return this.acceptedMessages.has(messageId);
  }

  /** Of performance.now(). */
  arrivedAt(messageId: string): number | undefined {
    return this.acceptedMessages.get(messageId);
  }

  missing(messageIds: Iterable<string>): string[] {
    return [...messageIds].filter((id) => !this.has(id));
  }

  /** Waits until all have arrived; answers those that have not after the time. */
  waitForAll(messageIds: string[], timeoutMs: number): Promise<string[]> {
    const left = new Set(this.missing(messageIds));
    if (left.size === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.listeners.delete(arrived);
        resolve([...left]);
      };
      const arrived = (messageId: string): void => {
        if (left.delete(messageId) && left.size === 0) finish();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.listeners.add(arrived);
    });
  }

  private accept(eventId: string, messageId: unknown): void {
    this.counts.accepted += 1;
    this.acceptedEvents.add(eventId);
    if (typeof messageId !== 'string') {
      this.violations.push(`callback ${eventId} carries no message_id`);
      return;
    }
    const known = this.eventOf.get(messageId);
    if (known !== undefined && known !== eventId) {
      this.violations.push(`message ${messageId} came with two events, ${known} and ${eventId}`);
    }
    this.eventOf.set(messageId, eventId);
    if (!this.acceptedMessages.has(messageId)) this.acceptedMessages.set(messageId, performance.now());
    for (const listener of this.listeners) listener(messageId);
  }

  private verify(request: ReceivedCallback): void {
    try {
      this.verifySignature(request, request.headers as Record<string, string>);
      if (request.body?.id !== request.headers['webhook-id']) throw new Error('webhook-id is not the id in the body');
    } catch (error) {
      this.violations.push(`callback ${request.headers['webhook-id']}: ${(error as Error).message}`);
    }
  }

  private verifySignature({ rawBody }: ReceivedCallback, headers: Record<string, string>): void {
    const webhook = new Webhook(this.secret ?? '');
    if (!this.anyTime) return void webhook.verify(rawBody, headers);
    const at = new Date(Number(headers['webhook-timestamp']) * 1000);
    if (webhook.sign(headers['webhook-id'] ?? '', at, rawBody) !== headers['webhook-signature']) throw new Error('the signature does not fit');
  }
}
