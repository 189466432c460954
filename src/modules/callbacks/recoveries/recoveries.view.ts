import { toInstant } from '../../../kernel/clock.js';
import type { RecoveryView } from './recoveries.dto.js';
import type { RecoveryEntity } from './recovery.entity.js';

export function toRecoveryView(recovery: RecoveryEntity): RecoveryView {
  return {
    id: recovery.id,
    callback_id: recovery.callback_id,
    status: recovery.status,
    since: toInstant(recovery.since_at),
    until: toInstant(recovery.until_at),
    include_succeeded: recovery.include_succeeded,
    // What was about to be committed when it began is found too.
    total: Math.max(recovery.total, recovery.done),
    done: recovery.done,
    recovered: recovery.recovered,
    created_at: toInstant(recovery.created_at),
    finished_at: toInstant(recovery.finished_at),
  };
}
