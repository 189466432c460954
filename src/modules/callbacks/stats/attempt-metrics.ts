import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from '../../../platform/observability/metrics.js';

export interface EndedRequest {
  format: string;
  outcome: 'succeeded' | 'failed' | 'exhausted' | 'discarded';
  durationMs: number;
  /** More than one for a batch. */
  deliveries: number;
}

/** Counts attempts in this process, by format: endpoints and organizations are no labels, since anybody may read them. */
@Injectable()
export class AttemptMetrics {
  private readonly durations: Histogram<'format' | 'outcome'>;
  private readonly deliveries: Counter<'format' | 'state'>;

  constructor({ registry }: Metrics) {
    this.durations = new Histogram({
      name: 'crossdesk_callback_attempt_duration_seconds',
      help: 'Time from the beginning of a callback request to its end, by what became of it',
      labelNames: ['format', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
      registers: [registry],
    });
    this.deliveries = new Counter({
      name: 'crossdesk_callback_deliveries_total',
      help: 'Deliveries that an attempt of this process has brought into a state',
      labelNames: ['format', 'state'],
      registers: [registry],
    });
  }

  note({ format, outcome, durationMs, deliveries }: EndedRequest): void {
    this.durations.labels(format, outcome).observe(durationMs / 1000);
    this.deliveries.labels(format, outcome).inc(deliveries);
  }
}
