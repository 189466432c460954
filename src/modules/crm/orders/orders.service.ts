import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { OrderKind } from './order-kind.js';
import type { ListOrdersDto } from './orders.dto.js';
import { OrdersRepository } from './orders.repository.js';
import { toOrderView } from './orders.view.js';
import { ORDER_WRITABLE } from './orders.view.dto.js';
import type { OrderView } from './orders.view.dto.js';

@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly kind: OrderKind,
    private readonly audit: AuditTrail,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  async get(principal: Principal, orderId: string): Promise<OrderView> {
    const order = await this.orders.find(principal, orderId);
    if (order === null) throw notFound('order', orderId);
    return toOrderView(order);
  }

  async list(principal: Principal, filter: ListOrdersDto): Promise<Page<OrderView>> {
    return mapPage(await this.orders.list(principal, filter), toOrderView);
  }

  async remove(principal: Principal, orderId: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const [order] = await this.orders.lock(principal.organizationId, [orderId]);
      if (order === undefined || (await this.orders.find(principal, orderId)) === null) throw notFound('order', orderId);
      assertMatch(ifMatch, toOrderView(order), ORDER_WRITABLE);
      await this.orders.remove(order);
      await this.kind.deleted(order);
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'order.deleted', target: { type: 'order', id: order.id }, details: { order_id: order.order_id },
      });
    });
  }
}
