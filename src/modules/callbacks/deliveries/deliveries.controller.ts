import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleAnswer, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { Throws } from '../../../platform/http/throws.js';
import { DeliveryDetailView, DeliveryPageView, DeliveryView, ListDeliveriesDto } from './deliveries.dto.js';
import { DeliveriesService } from './deliveries.service.js';

@ApiTags('callbacks')
@Controller('/api/v1/callbacks/:id/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  /** Lists what was and will be sent to an endpoint, the newest first. */
  @Get()
  @Allow('callbacks:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('callback.not_found')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() filter: ListDeliveriesDto): Promise<DeliveryPageView> {
    return this.deliveries.list(caller, id, filter);
  }

  /** Gets one delivery with all its attempts. */
  @Get(':delivery_id')
  @Allow('callbacks:read')
  @Throws('callback.not_found', 'delivery.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('delivery_id') deliveryId: string): Promise<DeliveryDetailView> {
    return this.deliveries.get(caller, id, deliveryId);
  }

  /** Sends a delivery again, now; its schedule begins anew. */
  @Post(':delivery_id/retry')
  @HttpCode(202)
  @Allow('callbacks:write')
  @Audited()
  @ExampleAnswer({ status: 'pending', next_attempt_at: '2026-03-01T10:00:00.000Z', succeeded_at: null })
  @Throws('callback.not_found', 'delivery.not_found', 'callback.disabled', 'delivery.in_progress')
  retry(@Caller() caller: Principal, @Param('id') id: string, @Param('delivery_id') deliveryId: string): Promise<DeliveryView> {
    return this.deliveries.retry(caller, id, deliveryId);
  }
}
