import { Injectable } from '@nestjs/common';
import { VisitorHoldings } from './visitors.contract.js';
import type { VisitorHolding, VisitorTraces } from './visitors.contract.js';

@Injectable()
export class HoldingRegistry extends VisitorHoldings {
  private readonly holdings: VisitorHolding[] = [];
  private readonly looked: VisitorTraces[] = [];

  register(holding: VisitorHolding): void {
    this.assertNew(holding.name);
    this.holdings.push(holding);
  }

  registerTraces(traces: VisitorTraces): void {
    this.assertNew(traces.name);
    this.looked.push(traces);
  }

  get all(): readonly VisitorHolding[] {
    return this.holdings;
  }

  get traces(): readonly VisitorTraces[] {
    return this.looked;
  }

  private assertNew(name: string): void {
    if ([...this.holdings, ...this.looked].some((known) => known.name === name)) throw new Error(`There are two holdings of visitors named ${name}.`);
  }
}
