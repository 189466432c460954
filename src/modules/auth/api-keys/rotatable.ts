import { DomainError } from '../../../kernel/domain-error.js';
import type { ApiKeyEntity } from './api-key.entity.js';

export function assertCanBeRotated(key: ApiKeyEntity, now: number): void {
  if (key.rotated_at !== null) throw new DomainError('conflict', 'api_key.rotated', 'Another key has taken the place of this one; rotate that.');
  if (key.expires_at !== null && key.expires_at <= now) throw new DomainError('conflict', 'api_key.expired', 'The key has expired; make a new one.');
}
