/** A customer. */
export class CustomerView {
  /** @example 'cus_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'C-1001' */
  customer_id: string;
  /** @example '张三' */
  name: string | null;
  /** @example '13800138000' */
  phone: string | null;
  /** @example 'zhang.san@example.com' */
  email: string | null;
  /** @example 'VIP' */
  level: string | null;
  /** @example ['重要客户'] */
  tags: string[];
  /** @example { "industry": "retail" } */
  metadata: Record<string, unknown>;
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  owner_agent_id: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class CustomerPageView {
  data: CustomerView[];
  /** @example null */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}

export const CUSTOMER_WRITABLE: readonly (keyof CustomerView)[] = ['name', 'phone', 'email', 'level', 'tags', 'metadata', 'owner_agent_id'];
