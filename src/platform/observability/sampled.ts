import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';

export interface GaugeSettings<L extends string> {
  name: string;
  help: string;
  labels?: readonly L[];
}

export interface Sample {
  name: string;
  labels?: Record<string, string>;
  value: number;
}

/** However often Prometheus asks, and however many of them, the database is asked once in this time. */
const MAX_AGE_MS = 10_000;
/** An answer without these gauges is better than none in time. */
const TIMEOUT_MS = 3000;

/**
 * Gauges that must be asked for, of a database for instance. They are asked for together, when /metrics is read. When
 * they cannot be had they are left out, so that nobody takes an old value for the present one.
 */
export class SampledGauges<L extends string = string> {
  private readonly gauges = new Map<string, { gauge: Gauge<L>; labels: readonly L[] }>();
  private askedAt = -Infinity;
  private asking: Promise<void> = Promise.resolve();

  constructor(
    registry: Registry,
    settings: readonly GaugeSettings<L>[],
    private readonly sample: () => Promise<Sample[]>,
    private readonly logger: Logger,
  ) {
    const refresh = (): Promise<void> => this.refresh();
    for (const { name, help, labels = [] } of settings) {
      const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [registry], collect: refresh });
      this.gauges.set(name, { gauge, labels });
    }
  }

  private refresh(): Promise<void> {
    const now = performance.now();
    if (now - this.askedAt >= MAX_AGE_MS) {
      this.askedAt = now;
      this.asking = this.ask();
    }
    return this.asking;
  }

  private async ask(): Promise<void> {
    let samples: Sample[] = [];
    try {
      samples = await inTime(this.sample());
    } catch (error) {
      this.logger.warn({ err: error }, 'some metrics cannot be had');
    }
    for (const [name, { gauge, labels }] of this.gauges) {
      gauge.reset();
      // Without labels it is 0 after that, which would be taken for a value.
      if (labels.length === 0 && !samples.some((each) => each.name === name)) gauge.remove();
    }
    for (const { name, labels = {}, value } of samples) this.gauges.get(name)!.gauge.set(labels as Partial<Record<L, string>>, value);
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
