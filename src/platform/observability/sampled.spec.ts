import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SampledGauges } from './sampled.js';
import type { Sample } from './sampled.js';

const logger = pino({ level: 'silent' });
const SETTINGS = [{ name: 'plain', help: 'x' }, { name: 'labelled', help: 'x', labels: ['state'] }];

function series(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('sampled gauges', () => {
  it('are asked for once, for all of them and for readings that follow closely', async () => {
    const registry = new Registry();
    let asked = 0;
    new SampledGauges(registry, SETTINGS, async () => {
      asked += 1;
      return [{ name: 'plain', value: asked }, { name: 'labelled', labels: { state: 'a' }, value: 5 }];
    }, logger);
    expect(asked).toBe(0);
    const readings = await Promise.all([registry.metrics(), registry.metrics()]);
    readings.push(await registry.metrics());
    for (const reading of readings) expect(series(reading)).toEqual(['plain 1', 'labelled{state="a"} 5']);
  });

  it.each<[string, () => Promise<Sample[]>]>([
    ['fail', () => Promise.reject(new Error('away'))],
    ['are none', () => Promise.resolve([])],
  ])('are left out when they %s', async (_what, sample) => {
    const registry = new Registry();
    new SampledGauges(registry, SETTINGS, sample, logger);
    expect(series(await registry.metrics())).toEqual([]);
  });
});
