import type { BatchOptions, EndpointEntity, EndpointRateLimit } from '../endpoints/endpoint.entity.js';

/** What an endpoint asks for beyond "as soon and as fast as you can". */
export interface DispatchRules {
  /** One request at a time for each conversation, in the order of commits. */
  ordered: boolean;
  batch: BatchOptions | null;
  rateLimit: EndpointRateLimit | null;
}

export const NO_RULES: DispatchRules = { ordered: false, batch: null, rateLimit: null };

export function rulesOf({ ordering, batch, rate_limit }: EndpointEntity): DispatchRules {
  return { ordered: ordering === 'per_conversation', batch, rateLimit: rate_limit };
}

/** Whether claims need not know of each other. */
export function isFree({ ordered, batch, rateLimit }: DispatchRules): boolean {
  return !ordered && batch === null && rateLimit === null;
}
