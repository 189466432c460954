import { ApiProperty } from '@nestjs/swagger';

/** An order. */
export class OrderView {
  /** @example 'ord_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'O-2001' */
  order_id: string;
  /** @example 'C-1001' */
  customer_id: string | null;
  /**
   * A decimal, digit for digit as it was sent.
   * @example '9999.00'
   */
  amount: string | null;
  /** @example 'CNY' */
  currency: string | null;
  /** @example 'paid' */
  status: string | null;
  /** @example [{ "sku": "A-1", "name": "Lamp", "quantity": 2, "price": "4999.50" }] */
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  items: Record<string, unknown>[];
  /** @example '2023-10-26T12:00:00.000Z' */
  create_time: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class OrderPageView {
  data: OrderView[];
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

export const ORDER_WRITABLE: readonly (keyof OrderView)[] = ['customer_id', 'amount', 'currency', 'status', 'items', 'create_time'];
