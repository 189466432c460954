import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { SharedUnit } from '../../../platform/database/shared-unit.js';
import type { Outcome } from '../../../platform/database/shared-unit.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { subjectOf } from '../endpoints/endpoint-creator.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import type { Attempt, AttemptResult } from './attempt.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { EndpointHealth } from './endpoint-health.js';
import { groupBy } from './group-by.js';

/** An attempt with its number, which no other of its delivery has; `late` when its claim was lost meanwhile. */
type NumberedAttempt = Attempt & { number: number; late: boolean; erased: boolean };

const COLUMNS = [
  'delivery_id', 'attempt', 'started_at', 'duration_ms', 'status_code', 'error_class', 'error_message', 'response_headers', 'response_body',
] as const;
/** What has ended holds up nothing, and is not looked at when others are. */
const OUT_OF_ORDER = ', conversation_id = NULL';
const MAX_ERROR_CHARACTERS = 1000;
const OPTIONS = { maxItems: 256, maxParallel: 1, lingerMs: 20, sizeOf: (attempts: readonly Attempt[]) => attempts.length };
/** An answer is kept with each delivery of its request, but of the answer to a large batch no more than this altogether: with the first ones. */
const MAX_KEPT_OF_REQUEST = 256 * 1024;

/** Writes down how attempts ended, many in one transaction. What another has claimed meanwhile is counted, and otherwise left to it. */
@Injectable()
export class AttemptLog {
  private readonly shared: SharedUnit<readonly Attempt[], void>;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly endpoints: EndpointsRepository,
    private readonly health: EndpointHealth,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    this.shared = new SharedUnit(unitOfWork, OPTIONS, (requests) => this.write(requests));
  }

  /** What one request was for is recorded together. */
  record(...attempts: Attempt[]): Promise<void> {
    return this.shared.submit(attempts);
  }

  private async write(requests: readonly (readonly Attempt[])[]): Promise<Outcome<void>[]> {
    // Endpoints before deliveries, as their service locks them too.
    const attempts = await this.judgeRefusals(requests.flat());
    await this.health.note(attempts);
    const numbered = await this.lockAndNumber(attempts);
    await addRows(this.unitOfWork, 'callback_attempts', COLUMNS, toRows(numbered));
    const inTime = numbered.filter(({ late }) => !late);
    await this.writeSucceeded(inTime.filter(({ result }) => result.kind === 'succeeded'));
    await this.writeFailed(inTime.filter(({ result }) => result.kind !== 'succeeded'));
    for (const attempt of inTime) await this.tellExhausted(attempt);
    for (const attempt of numbered) if (attempt.late) await this.writeLate(attempt);
    return requests.map(() => ({ value: undefined }));
  }

  /** What the claim knew of the count is not enough: one that lost its claim may have been written down since. */
  private async lockAndNumber(attempts: readonly Attempt[]): Promise<NumberedAttempt[]> {
    const ids = [...new Set(attempts.map(({ delivery }) => delivery.id))];
    const rows = await this.unitOfWork.query<{ id: string; attempt_count: number; claim_token: string | null; erased: number }>(
      `SELECT id, attempt_count, claim_token, erased FROM callback_deliveries WHERE id IN (${placeholders(ids.length)}) ORDER BY id${this.unitOfWork.forUpdate}`,
      ids,
    );
    const known = new Map(rows.map((row) => [row.id, { count: row.attempt_count, claimToken: row.claim_token, erased: Number(row.erased) === 1 }]));
    return attempts.flatMap((attempt) => {
      const row = known.get(attempt.delivery.id);
      // Deleted meanwhile: there is nothing that this would be an attempt of.
      if (row === undefined) return [];
      row.count += 1;
      // Spread last: V8 takes twenty times as long for one that others follow.
      return [{ number: row.count, late: row.claimToken !== attempt.delivery.claimToken, erased: row.erased, ...attempt }];
    });
  }

  private async writeLate({ delivery }: NumberedAttempt): Promise<void> {
    await this.unitOfWork.write('UPDATE callback_deliveries SET attempt_count = attempt_count + 1 WHERE id = ?', [delivery.id]);
  }

  private async writeSucceeded(attempts: readonly NumberedAttempt[]): Promise<void> {
    for (const group of groupBy(attempts, ({ statusCode, delivery }) => `${statusCode} ${delivery.ordered} ${delivery.claimToken}`).values()) {
      const { statusCode, delivery } = group[0]!;
      await this.unitOfWork.write(
        `UPDATE callback_deliveries SET status = 'succeeded', attempt_count = attempt_count + 1, schedule_index = schedule_index + 1,
         due_at = NULL, claim_token = NULL, last_status_code = ?, succeeded_at = ?${delivery.ordered ? OUT_OF_ORDER : ''}
         WHERE id IN (${placeholders(group.length)}) AND claim_token = ?`,
        [statusCode, this.clock.now(), ...group.map((attempt) => attempt.delivery.id), delivery.claimToken],
      );
    }
  }

  private async writeFailed(attempts: readonly NumberedAttempt[]): Promise<void> {
    for (const group of groupBy(attempts, ({ statusCode, delivery, result }) => `${result.kind} ${statusCode} ${delivery.ordered} ${delivery.claimToken}`).values()) {
      const { statusCode, delivery, result } = group[0]!;
      const dueAt = group.map((attempt) => [attempt.delivery.id, nextAttemptAt(attempt.result)]);
      await this.unitOfWork.write(
        `UPDATE callback_deliveries SET status = ?, attempt_count = attempt_count + 1, schedule_index = schedule_index + 1,
         due_at = CASE id ${dueAt.map(() => 'WHEN ? THEN ?').join(' ')} END, claim_token = NULL, last_status_code = ?${delivery.ordered && result.kind !== 'failed' ? OUT_OF_ORDER : ''}
         WHERE id IN (${placeholders(group.length)}) AND claim_token = ?`,
        [result.kind, ...dueAt.flat(), statusCode, ...group.map((attempt) => attempt.delivery.id), delivery.claimToken],
      );
    }
  }

  /** Events about callbacks create none of their own when they fail. */
  private async tellExhausted({ delivery, number, statusCode, result }: NumberedAttempt): Promise<void> {
    const lost = result.kind === 'exhausted' || (result.kind === 'discarded' && !result.gone);
    if (!lost || delivery.event.type.startsWith('callback.')) return;
    const endpoint = await this.endpoints.find(delivery.callbackId);
    // Deleted meanwhile: nobody waits for what it was to get.
    if (endpoint === null) return;
    this.outbox.append(
      domainEvent(delivery.organizationId, 'callback.exhausted', this.clock.now(), {
        callback_id: delivery.callbackId,
        delivery_id: delivery.id,
        event_id: delivery.event.id,
        event: delivery.event.type,
        attempt_count: number,
        last_status_code: statusCode,
      }, subjectOf(endpoint)),
    );
  }

  private async judgeRefusals(attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
    if (attempts.every(({ result }) => result.kind !== 'discarded')) return attempts;
    const judged = new Map<string, AttemptResult>();
    for (const { delivery, result } of attempts) {
      const key = refusalOf(delivery, result);
      if (result.kind === 'discarded' && !judged.has(key)) judged.set(key, await this.judge(delivery, result));
    }
    return attempts.map((attempt) => ({ ...attempt, result: judged.get(refusalOf(attempt.delivery, attempt.result)) ?? attempt.result }));
  }

  /** What a URL refuses that the endpoint has no more says nothing of its new one: it is sent there. */
  private async judge({ organizationId, callbackId }: ClaimedDelivery, result: Extract<AttemptResult, { kind: 'discarded' }>): Promise<AttemptResult> {
    if (result.gone) await this.endpoints.beginChange(organizationId);
    const endpoint = await this.endpoints.find(callbackId);
    if (endpoint !== null && endpoint.url !== result.url) return { kind: 'failed', nextAttemptAt: this.clock.now() };
    if (result.gone && endpoint?.enabled === true) await this.health.disable(endpoint, 'gone');
    return result;
  }
}

function refusalOf({ callbackId }: ClaimedDelivery, result: AttemptResult): string {
  return result.kind === 'discarded' ? `${callbackId} ${result.gone} ${result.url}` : '';
}

function nextAttemptAt(result: AttemptResult): number | null {
  return result.kind === 'failed' ? result.nextAttemptAt : null;
}

/** The members of a batch have one answer between them, and none keeps it where one of them was erased: it may tell of that one. */
function toRows(attempts: readonly NumberedAttempt[]): unknown[][] {
  return byRequest(attempts).flatMap((members) => {
    const answer = members.some(({ erased }) => erased) ? NO_ANSWER : answerOf(members[0]!);
    const size = answer.reduce((characters, text) => characters + (text?.length ?? 0), 0);
    return members.map((attempt, index) => [
      attempt.delivery.id,
      attempt.number,
      attempt.startedAt,
      attempt.durationMs,
      attempt.statusCode,
      attempt.errorClass,
      ...(index > 0 && (index + 1) * size > MAX_KEPT_OF_REQUEST ? NO_ANSWER : answer),
    ]);
  });
}

/** What went in one request stands together. */
function byRequest(attempts: readonly NumberedAttempt[]): NumberedAttempt[][] {
  const requests: NumberedAttempt[][] = [];
  for (const attempt of attempts) {
    const [before] = requests.at(-1) ?? [];
    const isNext = before === undefined || attempt.delivery.batchId === null || attempt.delivery.batchId !== before.delivery.batchId || attempt.startedAt !== before.startedAt;
    if (isNext) requests.push([attempt]);
    else requests.at(-1)!.push(attempt);
  }
  return requests;
}

const NO_ANSWER = [null, null, null];

function answerOf({ errorMessage, responseHeaders, responseBody }: Attempt): (string | null)[] {
  return [
    errorMessage?.slice(0, MAX_ERROR_CHARACTERS) ?? null,
    responseHeaders === null ? null : JSON.stringify(responseHeaders),
    responseBody === null ? null : responseBody.toString('base64'),
  ];
}
