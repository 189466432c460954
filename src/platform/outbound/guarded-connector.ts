import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.js';
import { OutboundError } from './outbound-request.js';
import { directResolve, steadyResolve, systemResolve } from './resolve.js';
import type { Resolve } from './resolve.js';

/** Gives back the socket under way, so that whoever no longer wants it can end it. */
export type Connector = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
) => Socket | undefined;

export interface ConnectorOptions {
  guard: AddressGuard;
  resolve?: Resolve;
  /** Asked when that takes long. */
  direct?: Resolve;
  /** Certificates to trust instead of the well-known authorities. */
  ca?: string | Buffer;
}

/** Node's 250 ms would give up on a far receiver with two addresses; the last address has no such limit. */
const ADDRESS_ATTEMPT_TIMEOUT_MS = 2_000;

/** Deadlines belong to the requests; this only ends what was forgotten. */
const BACKSTOP_TIMEOUT_MS = 60_000;

/**
 * Connects to checked addresses only. The check and the connection use the same answer of the resolver, so a
 * name that changes its address in between (DNS rebinding) gains nothing.
 */
export function guardedConnector({ guard, resolve = systemResolve, direct = directResolve(), ca }: ConnectorOptions): Connector {
  const connect = buildConnector({
    timeout: BACKSTOP_TIMEOUT_MS,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_TIMEOUT_MS,
    lookup: checkedLookup(guard, steadyResolve(resolve, direct)),
    ...(ca === undefined ? {} : { ca }),
    // The declared types lack what node:net and node:tls both take.
  } as buildConnector.BuildOptions) as Connector;

  return (options, callback) => {
    // node:net does not look up literals, so `lookup` never sees them.
    if (isIP(options.hostname) !== 0 && guard.verdict(options.hostname) === 'forbidden') {
      process.nextTick(callback, forbidden(options.hostname, false), null);
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
    if (answers.some(({ address }) => guard.verdict(address) === 'forbidden')) throw forbidden(hostname, true);
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

/** Of a name without its address: whoever may register endpoints need not learn how internal names resolve. */
function forbidden(hostname: string, isName: boolean): OutboundError {
  const what = isName ? `${hostname} has an address that` : hostname;
  return new OutboundError('address_forbidden', `${what} is not public; CALLBACK_ALLOW_CIDRS can open it`, 0, { permanent: !isName });
}
