import { toInstant } from '../../../kernel/clock.js';
import type { AttemptEntity, DeliveryEntity } from './delivery.entity.js';
import type { AttemptView, DeliveryView } from './deliveries.dto.js';

export function toDeliveryView(delivery: DeliveryEntity): DeliveryView {
  const waits = delivery.status === 'pending' || delivery.status === 'failed';
  return {
    id: delivery.id,
    callback_id: delivery.callback_id,
    event_id: delivery.event_id,
    event: delivery.event,
    status: delivery.status,
    attempt_count: delivery.attempt_count,
    next_attempt_at: waits ? toInstant(delivery.due_at) : null,
    last_status_code: delivery.last_status_code,
    created_at: toInstant(delivery.created_at),
    succeeded_at: toInstant(delivery.succeeded_at),
  };
}

export function toAttemptView(attempt: AttemptEntity): AttemptView {
  return {
    attempt: attempt.attempt,
    time: toInstant(attempt.started_at),
    duration_ms: attempt.duration_ms,
    status: attempt.status_code,
    error_class: attempt.error_class,
    error_message: attempt.error_message,
    response_headers: attempt.response_headers,
    response_body: attempt.response_body === null ? null : Buffer.from(attempt.response_body, 'base64').toString('utf8'),
  };
}
