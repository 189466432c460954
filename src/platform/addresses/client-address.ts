import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { contains, plainAddress, readAddress, readRange } from './address-ranges.js';
import type { Range } from './address-ranges.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's address, as `ClientAddresses` says it. */
    readonly clientAddress: string;
    knownAddress?: string | undefined;
  }
}

/** A peer that has gone already has no address any more; this one is in no range. */
const NOWHERE = '0.0.0.0';

/**
 * Says from which address a request comes: the right-most one that is no trusted proxy. What stands left of it in
 * `X-Forwarded-For` was written by the caller, and so was all of it when the peer itself is not trusted.
 */
export class ClientAddresses {
  private readonly proxies: Range[];

  /** @param trustedCidrs ranges of proxies, as in TRUST_PROXY */
  constructor(trustedCidrs: readonly string[]) {
    this.proxies = trustedCidrs.map(readRange);
  }

  /** IPv4-mapped addresses are answered as IPv4, so that one caller has one address. */
  of(request: IncomingMessage): string {
    const peer = request.socket.remoteAddress;
    if (this.proxies.length === 0) return peer === undefined ? NOWHERE : plain(peer);
    let address = plain(peer ?? NOWHERE);
    for (const hop of forwarded(request)) {
      if (!this.isTrusted(address)) break;
      const next = addressOfHop(hop);
      // A proxy that does not say whom it speaks for is itself the last one that is known.
      if (next === null) break;
      address = next;
    }
    return address;
  }

  private isTrusted(text: string): boolean {
    const address = readAddress(text);
    return address !== null && this.proxies.some((range) => contains(range, address));
  }
}

/** Gives each request its `clientAddress`, worked out once and only when somebody asks for it. */
export function addressRequests(fastify: FastifyInstance, addresses: ClientAddresses): void {
  fastify.decorateRequest('knownAddress', undefined);
  fastify.decorateRequest('clientAddress', {
    getter(this: FastifyRequest) {
      return (this.knownAddress ??= addresses.of(this.raw));
    },
  });
}

/** The caller's address. */
export const ClientAddress = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  context.switchToHttp().getRequest<FastifyRequest>().clientAddress,
);

/** From the nearest hop to the farthest. Node joins several headers of this name by commas. */
function forwarded(request: IncomingMessage): string[] {
  return String(request.headers['x-forwarded-for'] ?? '').split(',').map((hop) => hop.trim()).reverse();
}

/** Some proxies write the port behind it, `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function addressOfHop(hop: string): string | null {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/.exec(hop) ?? [];
  const address = readAddress(bracketed ?? dotted ?? hop);
  return address === null ? null : plainAddress(address);
}

/** Nearly every peer is written plainly already. A link-local one carries the zone that it came in by. */
function plain(peer: string): string {
  if (isIP(peer) === 4) return peer;
  const address = readAddress(peer.split('%', 1)[0]!);
  return address === null ? NOWHERE : plainAddress(address);
}
