import type { FastifyReply } from 'fastify';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal, RateLimit } from '../../kernel/principal.js';
import { networkOf } from '../addresses/address-ranges.js';
import type { Counters } from './counters.js';

type Whose = 'application' | 'credential' | 'address';

/** Where a caller stands after a request was counted. */
export interface Standing {
  whose: Whose;
  limit: RateLimit;
  remaining: number;
  /** Until the window ends and all of the limit is there again. */
  resetSeconds: number;
  exceeded: boolean;
}

/**
 * How many requests a caller may make. Whoever has a credential is counted by it, or with all credentials of its
 * application where that has a limit of its own; everybody else by address.
 */
export class RequestLimits {
  private readonly refusals: Counter<'by'>;

  constructor(
    private readonly counters: Counters,
    /** Null switches all limits off, those of applications and of log-ins included. */
    private readonly standard: RateLimit | null,
    registry: Registry,
  ) {
    this.refusals = new Counter({
      name: 'crossdesk_rate_limited_total',
      help: 'Requests that were refused since a limit was used up, by whose limit it was',
      labelNames: ['by'],
      registers: [registry],
    });
  }

  get on(): boolean {
    return this.standard !== null;
  }

  /** Null where nothing is limited; to be asked once for each request. */
  ofCaller({ kind, id, application }: Principal): Promise<Standing> | null {
    if (this.standard === null) return null;
    const own = application?.rateLimit ?? null;
    return own === null ? this.count('credential', `${kind}:${id}`, this.standard) : this.count('application', application!.id, own);
  }

  /** For requests without a valid credential. */
  ofAddress(addressOf: () => string): Promise<Standing> | null {
    return this.standard === null ? null : this.count('address', networkOf(addressOf()), this.standard);
  }

  /** Notes it for the metrics. */
  refused(by: Whose | 'login'): void {
    this.refusals.inc({ by });
  }

  private async count(whose: Whose, key: string, limit: RateLimit): Promise<Standing> {
    // A window that was changed begins anew: the old one would end when it was to end.
    const { used, resetMs } = await this.counters.count(`${whose}:${key}:${limit.windowSeconds}`, limit.windowSeconds);
    const exceeded = used > limit.limit;
    if (exceeded) this.refused(whose);
    return { whose, limit, remaining: Math.max(0, limit.limit - used), resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)), exceeded };
  }
}

/** `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11. */
function writeStanding({ limit, remaining, resetSeconds }: Standing, reply: FastifyReply): void {
  reply.header('ratelimit-policy', `"default";q=${limit.limit};w=${limit.windowSeconds}`);
  reply.header('ratelimit', `"default";r=${remaining};t=${resetSeconds}`);
}

const WHOSE: Record<Whose, string> = { application: 'This application', credential: 'This credential', address: 'This address' };

/** Says in the answer where the caller stands, and refuses it when that is beyond its limit. */
export function answerStanding(standing: Standing, reply: FastifyReply): void {
  writeStanding(standing, reply);
  requireStanding(standing);
}

export function requireStanding({ whose, limit, resetSeconds, exceeded }: Standing): void {
  if (!exceeded) return;
  const detail = `${WHOSE[whose]} may make ${limit.limit} requests in ${limit.windowSeconds} seconds; try again in ${resetSeconds}.`;
  throw new DomainError('rate_limited', 'rate_limit.exceeded', detail, { retryAfterSeconds: resetSeconds });
}
