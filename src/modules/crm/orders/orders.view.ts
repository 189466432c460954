import { toInstant } from '../../../kernel/clock.js';
import type { OrderEntity } from './order.entity.js';
import type { OrderView } from './orders.view.dto.js';

export function toOrderView(order: OrderEntity): OrderView {
  return {
    id: order.id,
    order_id: order.order_id,
    customer_id: order.customer_id,
    amount: order.amount,
    currency: order.currency,
    status: order.status,
    items: order.items,
    create_time: toInstant(order.create_time),
    created_at: toInstant(order.created_at),
    updated_at: toInstant(order.updated_at),
  };
}
