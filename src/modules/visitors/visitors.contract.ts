import type { Principal } from '../../kernel/principal.js';

export interface VisitorFields {
  external_id?: string | null;
  name?: string | null;
  email?: string | null;
  mobile?: string | null;
  avatar_url?: string | null;
  language?: string | null;
  visitor_type?: string | null;
  tags?: string[];
  metadata?: Record<string, unknown>;
  customer_id?: string | null;
  push_info?: string | null;
  my_data?: string | null;
}

/** What other modules may ask of visitors. */
export abstract class Visitors {
  abstract exists(organizationId: string, id: string): Promise<boolean>;
  /** Finds the visitor by `external_id` and changes what the fields carry, or creates one. Returns its id. */
  abstract upsert(principal: Principal, fields: VisitorFields): Promise<string>;
}
