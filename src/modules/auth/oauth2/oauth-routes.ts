import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { failureOf } from '../../../platform/http/problem.js';
import type { Failure } from '../../../platform/http/problem.js';
import { withRequestOrigin } from '../../../platform/http/request-origin.js';
import { RequestLimits, answerStanding } from '../../../platform/limits/request-limits.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { LoginThrottle } from '../login-throttle/login-throttle.js';
import { AuthorizationServer } from './authorization-server.js';
import { Interactions } from './interactions.service.js';
import type { Exchange, Outcome } from './interactions.service.js';
import { Issuer } from './issuer.js';
import { errorPage } from './pages.js';

const FORM_LIMIT_BYTES = 8 * 1024;

const GET = ['/oauth/authorize', '/oauth/authorize/:uid', '/oauth/jwks', '/.well-known/oauth-authorization-server'];
const POST = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'];
/** Where browsers ask first whether they may. */
const OPTIONS = [...POST, '/oauth/jwks', '/.well-known/oauth-authorization-server'];

const PAGE = '/oauth/interaction/:uid';

/** Beside Nest's routes, on the same port: what oidc-provider answers by itself, and the pages that it sends agents to. */
@Injectable()
export class OauthRoutes implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly server: AuthorizationServer,
    private readonly interactions: Interactions,
    private readonly issuer: Issuer,
    private readonly limits: RequestLimits,
    private readonly throttle: LoginThrottle,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    // Not awaited: that would begin to load Fastify before Nest has given it its error handler.
    void fastify.register(async (scope) => this.serveProvider(scope));
    void fastify.register(async (scope) => this.servePages(scope));
  }

  /** oidc-provider reads the bodies itself. */
  private serveProvider(scope: FastifyInstance): void {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, done) => done(null));
    scope.setErrorHandler((error, request, reply) => this.answerProgram(error, request, reply));
    this.countByAddress(scope);
    const handler = (request: FastifyRequest, reply: FastifyReply): Promise<void> => this.pass(request, reply);
    const guarded = (request: FastifyRequest, reply: FastifyReply): Promise<void> => this.passThrottled(request, reply);
    for (const url of POST) scope.post(url, guarded);
    for (const [method, urls] of [['GET', GET], ['OPTIONS', OPTIONS]] as const) {
      for (const url of urls) scope.route({ method, url, handler });
    }
  }

  private servePages(scope: FastifyInstance): void {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: FORM_LIMIT_BYTES }, (_request, body, done) => {
      done(null, new URLSearchParams(body as string));
    });
    scope.setErrorHandler((error, request, reply) => this.answerBrowser(error, request, reply));
    this.countByAddress(scope);
    const form = (request: FastifyRequest): URLSearchParams => (request.body instanceof URLSearchParams ? request.body : new URLSearchParams());
    const { interactions } = this;
    const serve = (work: (exchange: Exchange, form: URLSearchParams) => Promise<Outcome>) => (request: FastifyRequest, reply: FastifyReply) =>
      withRequestOrigin(request, async () => answer(reply, await work(this.exchangeOf(request, reply), form(request))));
    scope.get(PAGE, serve((exchange) => interactions.show(exchange)));
    scope.post(`${PAGE}/login`, serve((exchange, fields) => interactions.login(exchange, fields)));
    scope.post(`${PAGE}/consent`, serve((exchange, fields) => interactions.consent(exchange, fields)));
    scope.post(`${PAGE}/switch`, serve((exchange, fields) => interactions.switchAccount(exchange, fields)));
    scope.post(`${PAGE}/cancel`, serve((exchange, fields) => interactions.cancel(exchange, fields)));
  }

  /** Whoever comes here has no credential of the API yet. */
  private countByAddress(scope: FastifyInstance): void {
    scope.addHook('onRequest', async (request, reply) => {
      const counted = this.limits.ofAddress(() => request.clientAddress);
      if (counted !== null) answerStanding(await counted, reply);
    });
  }

  /** Secrets of clients are random, so guessing is slowed by address only: by client it would be a way to lock one out. */
  private async passThrottled(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.throttle.attempt({ account: null, address: request.clientAddress }, async () => {
      await this.pass(request, reply);
      return reply.raw.statusCode === 401 ? null : true;
    });
  }

  private async pass(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const provider = await this.server.provider();
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
    await withRequestOrigin(request, () => provider.callback()(this.asIssuer(request.raw), reply.raw));
  }

  private exchangeOf(request: FastifyRequest, reply: FastifyReply): Exchange {
    return { request: this.asIssuer(request.raw), response: reply.raw, address: request.clientAddress, uid: (request.params as { uid: string }).uid };
  }

  /** Addresses and cookies are those of the issuer, whatever a proxy or a caller says of the request. */
  private asIssuer(request: IncomingMessage): IncomingMessage {
    const { protocol, host, pathname } = new URL(this.issuer.url);
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    request.headers['x-forwarded-host'] = host;
    return Object.assign(request, { baseUrl: pathname.replace(/\/$/, '') });
  }

  /** What fails before oidc-provider is asked, in the words of OAuth. */
  private answerProgram(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { status, detail, headers = {} } = this.failureOf(error, request);
    const word = status === 500 ? 'server_error' : status === 429 || status === 503 ? 'temporarily_unavailable' : 'invalid_request';
    return reply.status(status).headers({ ...headers, 'cache-control': 'no-store' }).send({ error: word, error_description: detail });
  }

  private answerBrowser(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { status, code, detail, headers = {} } = this.failureOf(error, request);
    return send(reply.headers(headers), { status, page: errorPage(code, detail) });
  }

  private failureOf(error: unknown, request: FastifyRequest): Failure {
    const failure = failureOf(error);
    if (failure.status === 500) this.logger.error({ err: error, request_id: request.id, code: failure.code }, 'request failed');
    return failure;
  }
}

function answer(reply: FastifyReply, outcome: Outcome): FastifyReply {
  if ('page' in outcome) return send(reply, outcome);
  return reply.header('cache-control', 'no-store').redirect(outcome.location, 303);
}

function send(reply: FastifyReply, { status, page }: Extract<Outcome, { page: unknown }>): FastifyReply {
  return reply.status(status).headers(page.headers).send(page.html);
}
