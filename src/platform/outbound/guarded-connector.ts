import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.js';
import { OutboundError } from './outbound-request.js';

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<Pick<LookupAddress, 'address'>[]>;

/** Gives back the socket under way, so that whoever no longer wants it can end it. */
export type Connector = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
) => Socket | undefined;

export interface ConnectorOptions {
  guard: AddressGuard;
  resolve?: Resolve;
  /** Certificates to trust instead of the well-known authorities. */
  ca?: string | Buffer;
}

/** Node's 250 ms would give up on a far receiver with two addresses; the last address has no such limit. */
const ADDRESS_ATTEMPT_TIMEOUT_MS = 2_000;

/** Deadlines belong to the requests; this only ends what was forgotten. */
const BACKSTOP_TIMEOUT_MS = 60_000;

const systemResolve: Resolve = async (hostname) => promisify(lookup)(hostname, { all: true });

/**
 * Connects to checked addresses only. The check and the connection use the same answer of the resolver, so a
 * name that changes its address in between (DNS rebinding) gains nothing.
 */
export function guardedConnector({ guard, resolve = systemResolve, ca }: ConnectorOptions): Connector {
  const connect = buildConnector({
    timeout: BACKSTOP_TIMEOUT_MS,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_TIMEOUT_MS,
    lookup: checkedLookup(guard, sharedWhilePending(resolve)),
    ...(ca === undefined ? {} : { ca }),
    // The declared types lack what node:net and node:tls both take.
  } as buildConnector.BuildOptions) as Connector;

  return (options, callback) => {
    // node:net does not look up literals, so `lookup` never sees them.
    if (isIP(options.hostname) !== 0 && guard.verdict(options.hostname) === 'forbidden') {
      process.nextTick(callback, forbidden(options.hostname, null), null);
      return undefined;
    }
    return connect(options, callback);
  };
}

function checkedLookup(guard: AddressGuard, resolve: Resolve): LookupFunction {
  const check = async (hostname: string): Promise<LookupAddress[]> => {
    const answers = await resolve(hostname).catch((cause: unknown) => {
      throw new OutboundError('dns', `${hostname} cannot be resolved: ${(cause as Error).message}`, 0, {
        cause,
      });
    });
    if (answers.length === 0) throw new OutboundError('dns', `${hostname} has no address`, 0);
    // One bad answer refuses the name: which of them is used depends on timing, and must not.
    const refused = answers.find(({ address }) => guard.verdict(address) === 'forbidden');
    if (refused) throw forbidden(refused.address, hostname);
    return answers.map(({ address }) => ({ address, family: isIP(address) }));
  };
  return (hostname, options, callback) => {
    check(hostname).then(
      (checked) =>
        options.all ? callback(null, checked) : callback(null, checked[0]!.address, checked[0]!.family),
      (error: Error) => callback(error, []),
    );
  };
}

/** getaddrinfo holds one of four threads: many connections to one name with a slow server must hold one, not all. */
function sharedWhilePending(resolve: Resolve): Resolve {
  const pending = new Map<string, ReturnType<Resolve>>();
  return (hostname) => {
    const known = pending.get(hostname);
    if (known) return known;
    const answer = resolve(hostname).finally(() => pending.delete(hostname));
    pending.set(hostname, answer);
    return answer;
  };
}

function forbidden(address: string, hostname: string | null): OutboundError {
  const where = hostname === null ? address : `${address}, an address of ${hostname},`;
  const message = `${where} is not public; CALLBACK_ALLOW_CIDRS can open it`;
  return new OutboundError('address_forbidden', message, 0, { permanent: hostname === null });
}
