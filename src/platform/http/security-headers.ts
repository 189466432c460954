import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import type { HelmetOptions } from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.js';

type Headers = Record<string, string>;

/** Swagger UI and what it loads. */
const DOCS = /^\/docs(?:[/?-]|$)/;
const HSTS_SECONDS = 365 * 24 * 60 * 60;

/** What browsers are told with each answer; callers that are no browsers pass it over. */
export function securityHeaders(config: Config): { api: Headers; docs: Headers } {
  return {
    // Answers are data for programs and no pages; they may hold what concerns one caller only.
    api: { ...recorded(settings(config, { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] })), 'cache-control': 'no-store' },
    docs: recorded(settings(config, docsPolicy(config))),
  };
}

export function addSecurityHeaders(fastify: FastifyInstance, { api, docs }: { api: Headers; docs: Headers }): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(DOCS.test(request.url) ? docs : api);
    done();
  });
}

/** Swagger UI writes styles into its page and has pictures in its style sheet. It calls the address that the document names. */
function docsPolicy({ values: { PUBLIC_URL } }: Config): Record<string, string[]> {
  const elsewhere = PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).origin];
  return {
    defaultSrc: ["'none'"], scriptSrc: ["'self'"], styleSrc: ["'self'", "'unsafe-inline'"], imgSrc: ["'self'", 'data:'], fontSrc: ["'self'", 'data:'],
    connectSrc: ["'self'", ...elsewhere], baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"],
  };
}

function settings(config: Config, directives: Record<string, string[]>): HelmetOptions {
  return {
    contentSecurityPolicy: { useDefaults: false, directives },
    // Said without TLS it would lock out those who come without it. It is said of this host alone, not of its subdomains.
    strictTransportSecurity: config.publicUrl.startsWith('https:') && { maxAge: HSTS_SECONDS, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
    // For browsers of long ago, and of no use to an API.
    originAgentCluster: false, xDnsPrefetchControl: false, xDownloadOptions: false, xPermittedCrossDomainPolicies: false, xXssProtection: false,
  };
}

/** They depend on settings only, so helmet is asked once, and each answer copies what it said. */
function recorded(options: HelmetOptions): Headers {
  const headers: Headers = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (error?: unknown) => {
    if (error !== undefined) throw error as Error;
  });
  return headers;
}
