import { toInstant } from '../../kernel/clock.js';
import type { VisitorEntity } from './visitor.entity.js';
import type { VisitorView } from './visitors.dto.js';

export function toVisitorView(visitor: VisitorEntity): VisitorView {
  return {
    id: visitor.id,
    external_id: visitor.external_id,
    name: visitor.name,
    email: visitor.email,
    mobile: visitor.mobile,
    avatar_url: visitor.avatar_url,
    language: visitor.language,
    visitor_type: visitor.visitor_type,
    tags: visitor.tags,
    metadata: visitor.metadata,
    customer_id: visitor.customer_id,
    push_info: visitor.push_info,
    my_data: visitor.my_data,
    online: visitor.online,
    last_seen_at: toInstant(visitor.last_seen_at),
    created_at: toInstant(visitor.created_at),
    updated_at: toInstant(visitor.updated_at),
  };
}
