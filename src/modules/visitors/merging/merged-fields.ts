import { isBoundedJsonObject } from '../../../platform/http/validation/rules.js';
import type { VisitorEntity } from '../visitor.entity.js';
import { MAX_VISITOR_TAGS, VISITOR_METADATA_BYTES } from '../visitors.contract.dto.js';

const FILLED = [
  'external_id', 'name', 'email', 'mobile', 'avatar_url', 'language', 'visitor_type', 'customer_id', 'push_info', 'my_data',
] as const;

/** What is no longer known of a visitor that was merged or deleted. */
export const NOTHING_KNOWN = {
  ...(Object.fromEntries(FILLED.map((field) => [field, null])) as Record<(typeof FILLED)[number], null>),
  tags: [] as string[],
  metadata: {} as Record<string, unknown>,
};

/**
 * What a visitor takes over from one that is merged into it: what it lacks itself. Tags and metadata are joined, its own
 * members before the others, as far as a visitor may have them.
 */
export function mergedFields(visitor: VisitorEntity, merged: VisitorEntity): Partial<VisitorEntity> {
  const metadata = { ...merged.metadata, ...visitor.metadata };
  return {
    ...Object.fromEntries(FILLED.map((field) => [field, visitor[field] ?? merged[field]])),
    tags: [...new Set([...visitor.tags, ...merged.tags])].slice(0, Math.max(MAX_VISITOR_TAGS, visitor.tags.length)),
    metadata: isBoundedJsonObject(metadata, VISITOR_METADATA_BYTES) ? metadata : visitor.metadata,
    online: visitor.online || merged.online,
    last_seen_at: visitor.last_seen_at === null ? merged.last_seen_at : Math.max(visitor.last_seen_at, merged.last_seen_at ?? 0),
  };
}
