import { toInstant } from '../../../kernel/clock.js';
import type { CustomerEntity } from './customer.entity.js';
import type { CustomerView } from './customers.view.dto.js';

export function toCustomerView(customer: CustomerEntity): CustomerView {
  return {
    id: customer.id,
    customer_id: customer.customer_id,
    name: customer.name,
    phone: customer.phone,
    email: customer.email,
    level: customer.level,
    tags: customer.tags,
    metadata: customer.metadata,
    owner_agent_id: customer.owner_agent_id,
    created_at: toInstant(customer.created_at),
    updated_at: toInstant(customer.updated_at),
  };
}
