import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Metrics } from '../../../platform/observability/metrics.js';
import type { BatchItemView } from '../upserts/batch.dto.js';

/** Counts what this process imports from the CRM. */
@Injectable()
export class SyncMetrics {
  private readonly pages: Counter<'outcome'>;
  private readonly items: Counter<'kind' | 'status'>;

  constructor({ registry }: Metrics) {
    this.pages = new Counter({ name: 'crossdesk_crm_sync_pages_total', help: 'Pages of the CRM, by what became of them', labelNames: ['outcome'], registers: [registry] });
    this.items = new Counter({
      name: 'crossdesk_crm_sync_items_total', help: 'Customers and orders that came from the CRM, by what became of them', labelNames: ['kind', 'status'], registers: [registry],
    });
  }

  stored(results: Record<'customer' | 'order', readonly BatchItemView[]>): void {
    this.pages.labels('stored').inc();
    for (const kind of ['customer', 'order'] as const) for (const { status } of results[kind]) this.items.labels(kind, status).inc();
  }

  failed(): void {
    this.pages.labels('failed').inc();
  }
}
