import { toInstant } from '../../../kernel/clock.js';
import type { KeyMaterial } from './key-material.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import type { CreatedSigningKeyView, SigningKeyView } from './signing-keys.dto.js';

export function toSigningKeyView(key: SigningKeyEntity): SigningKeyView {
  return {
    id: key.id,
    name: key.name,
    algorithm: key.algorithm,
    public_key: key.public_key,
    created_at: toInstant(key.created_at),
    expires_at: toInstant(key.expires_at),
    last_used_at: toInstant(key.last_used_at),
  };
}

export function toCreatedSigningKeyView(key: SigningKeyEntity, { secret, privateKey }: KeyMaterial): CreatedSigningKeyView {
  return { ...toSigningKeyView(key), ...(secret !== null && { secret }), ...(privateKey !== null && { private_key: privateKey }) };
}
