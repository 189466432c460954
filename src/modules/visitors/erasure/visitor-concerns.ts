import { Injectable } from '@nestjs/common';
import { HoldingRegistry } from '../visitor-holdings.js';
import type { Erasure } from '../visitors.contract.js';
import { VisitorsRepository } from '../visitors.repository.js';

const ID = /[a-z]+_[0-9a-z]{26}/g;

/** Tells by the ids in them which texts are about a visitor. */
@Injectable()
export class VisitorConcerns {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly holdings: HoldingRegistry,
  ) {}

  async of(organizationId: string, visitorId: string): Promise<Erasure> {
    const known = new Set([visitorId, ...(await this.visitors.formerIdsOf(visitorId))]);
    return {
      organizationId,
      visitorId,
      concerns: async (texts) => {
        const named = texts.map((text) => [...new Set(text.match(ID))]);
        const unknown = [...new Set(named.flat())].filter((id) => !known.has(id));
        const owned = new Set<string>();
        for (const holding of this.holdings.all) for (const id of (await holding.owned?.(organizationId, visitorId, unknown)) ?? []) owned.add(id);
        return named.map((ids) => ids.some((id) => known.has(id) || owned.has(id)));
      },
    };
  }
}
