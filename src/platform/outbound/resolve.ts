import { lookup, type LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<Answer>;

type Answer = Pick<LookupAddress, 'address'>[];

interface Asked {
  /** Monotonic. */
  since: number;
  answer: Promise<Answer>;
}

/** How long the system may take before something else is used, and how old the last answer may be then, as RFC 8767 lets resolvers do. */
const PATIENCE_MS = 500;
const KEPT_MS = 300_000;
const KEPT_NAMES = 4_096;
/** What getaddrinfo says when no name server has answered, or none knew at the moment. */
const TRY_AGAIN = 'EAI_AGAIN';
/** What a name server says that knows of no address of a kind. */
const NONE = new Set(['ENODATA', 'ENOTFOUND']);
const SERVERS = { timeout: 2_000, tries: 2 };

/**
 * As the machine is set up, with its list of hosts and all. One name at a time: the system does two look-ups at a time for
 * the whole process, and the other one is for the database and Redis.
 */
export const systemResolve: Resolve = oneAtATime((hostname) => promisify(lookup)(hostname, { all: true }));

/** From the name servers, those of the machine unless given; as many look-ups at a time as there are names. */
export function directResolve(servers?: readonly string[]): Resolve {
  return async (hostname) => {
    const resolver = new Resolver(SERVERS);
    if (servers !== undefined) resolver.setServers(servers);
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    // Half of an answer must not be taken for the whole: the other half may be forbidden, or all that can be reached.
    const failed = answers.find((answer) => answer.status === 'rejected' && !NONE.has((answer.reason as NodeJS.ErrnoException).code ?? ''));
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length === 0) throw (answers[0] as PromiseRejectedResult).reason;
    return addresses.map((address) => ({ address }));
  };
}

/**
 * Asks the system anew each time. While that has no answer, or fails for the moment, the last answer stands in, or what the
 * name servers say themselves: names whose servers are dead hold up the look-ups that the system does at a time, and would
 * hold up all others with them.
 */
export function steadyResolve(system: Resolve, direct: Resolve, patienceMs = PATIENCE_MS): Resolve {
  const known = new LRUCache<string, Answer>({ max: KEPT_NAMES, ttl: KEPT_MS });
  const askSystem = sharedWhilePending(async (hostname) => {
    try {
      const answer = await system(hostname);
      known.set(hostname, answer);
      return answer;
    } catch (error) {
      const last = known.get(hostname);
      if ((error as NodeJS.ErrnoException).code === TRY_AGAIN && last !== undefined) return last;
      known.delete(hostname);
      throw error;
    }
  });
  // Not kept: the system may know better, by its list of hosts.
  const askServers = sharedWhilePending(direct);

  return (hostname) => {
    const { since, answer } = askSystem(hostname);
    const standIn = async (): Promise<Answer> => known.get(hostname) ?? askServers(hostname).answer;
    return inTime(answer, Math.max(0, since + patienceMs - performance.now()), standIn);
  };
}

/** The answer, or after that time what stands in for it, whichever comes first. Where nothing does it is waited for. */
function inTime(answer: Promise<Answer>, ms: number, standIn: () => Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      standIn().then(resolve, () => undefined);
    }, ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Whoever asks while a name is looked up waits for the same answer. */
function sharedWhilePending(resolve: Resolve): (hostname: string) => Asked {
  const pending = new Map<string, Asked>();
  return (hostname) => {
    const before = pending.get(hostname);
    if (before !== undefined) return before;
    const asked = { since: performance.now(), answer: resolve(hostname).finally(() => pending.delete(hostname)) };
    pending.set(hostname, asked);
    return asked;
  };
}

function oneAtATime(resolve: Resolve): Resolve {
  let last: Promise<unknown> = Promise.resolve();
  return (hostname) => {
    const answer = last.then(() => resolve(hostname));
    last = answer.catch(() => undefined);
    return answer;
  };
}
