import { toInstant } from '../../../kernel/clock.js';
import type { ApiKeyEntity } from './api-key.entity.js';
import type { ApiKeyView, CreatedApiKeyView } from './application-keys.dto.js';

/** With what the key may do now. */
export function toApiKeyView(key: ApiKeyEntity, scopes: Iterable<string>): ApiKeyView {
  return {
    id: key.id,
    name: key.name,
    scopes: [...scopes],
    hint: key.hint ?? '',
    created_at: toInstant(key.created_at),
    expires_at: toInstant(key.expires_at),
    last_used_at: toInstant(key.last_used_at),
  };
}

export function toCreatedApiKeyView(row: ApiKeyEntity, key: string, scopes: Iterable<string>): CreatedApiKeyView {
  const { id, name, ...shown } = toApiKeyView(row, scopes);
  return { id, name, key, ...shown };
}
