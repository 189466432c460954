/** The same is not told again within this time. */
const SAME_AGAIN_MS = 1000;
/** Of all that one socket tells, so much gets through in a second. */
const MOST_PER_SECOND = 5;

/** How often one socket's `typing` is passed on: keys are pressed more often than anybody needs to know. */
export class TypingPace {
  private readonly told = new Map<string, { typing: boolean; at: number }>();
  private second = { begunAt: -Infinity, count: 0 };

  /** Whether this one is to be passed on now. */
  admits(conversationId: string, typing: boolean, now: number): boolean {
    const last = this.told.get(conversationId);
    if (last?.typing === typing && now - last.at < SAME_AGAIN_MS) return false;
    if (now - this.second.begunAt >= 1000) {
      this.second = { begunAt: now, count: 0 };
      for (const [id, { at }] of this.told) if (now - at >= SAME_AGAIN_MS) this.told.delete(id);
    }
    if (this.second.count >= MOST_PER_SECOND) return false;
    this.second.count++;
    this.told.set(conversationId, { typing, at: now });
    return true;
  }
}
