import { Injectable } from '@nestjs/common';
import { withoutPersonalData } from '../../../kernel/personal-data.js';
import { IdempotencyKeys } from '../../../platform/idempotency/idempotency-keys.js';
import { VisitorHoldings } from '../visitors.contract.js';
import type { Erasure, VisitorTraces } from '../visitors.contract.js';

/** Answers that are kept to be given again. */
const STEP = 200;

/** What callers were answered about a visitor under an Idempotency-Key; given again, it comes without personal data. */
@Injectable()
export class StoredAnswers implements VisitorTraces {
  readonly name = 'stored_answers';

  constructor(
    private readonly keys: IdempotencyKeys,
    holdings: VisitorHoldings,
  ) {
    holdings.registerTraces(this);
  }

  async erase(erasure: Erasure, place: string | null): Promise<{ next: string | null; erased: number }> {
    const { answers, last } = await this.keys.answersAfter(erasure.organizationId, place ?? '', STEP);
    const concerned = await erasure.concerns(answers.map(({ answer }) => JSON.stringify(answer)));
    const erased = answers.filter((_, index) => concerned[index]);
    for (const { keyHash, answer } of erased) await this.keys.replaceAnswer(keyHash, { ...answer, body: withoutPersonalData(answer.body) });
    return { next: last, erased: erased.length };
  }
}
