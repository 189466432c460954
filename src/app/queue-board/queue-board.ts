import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Page } from '../../modules/auth/oauth2/pages.js';
import type { Config } from '../../platform/config/config.js';
import { failureOf } from '../../platform/http/problem.js';
import { withRequestOrigin } from '../../platform/http/request-origin.js';
import { RequestLimits, answerStanding } from '../../platform/limits/request-limits.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { boardLoginPage, boardLogoutPage } from './board-pages.js';
import { BoardSessions, SESSION_SECONDS } from './board-sessions.js';

const BOARD = '/admin/queues';
const LOGIN = '/admin/login';
const LOGOUT = '/admin/logout';
const COOKIE = 'crossdesk_queues';
const FORM_LIMIT_BYTES = 8 * 1024;

/**
 * What may be done beside looking: to bring forward what would come anyway. The rest of what Bull Board offers (to
 * pause, empty, add, edit) is refused here, whatever its pages show.
 */
const ALLOWED_ACTION = /^\/admin\/queues\/api\/queues\/[^/]+\/(?:[^/]+\/retry|retry\/[^/]+|[^/]+\/promote|promote)$/;

/** Its pages have styles of their own; what they would load from elsewhere stays away. */
const BOARD_POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/** Bull Board at /admin/queues, where the queues are in Redis; without Redis there is nothing at this path. */
export function serveQueueBoard(app: NestFastifyApplication, config: Config, logger: Logger): void {
  if (config.values.REDIS_URL === undefined) return;
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const routes = new BoardRoutes(new BoardSessions(app), app.get(RequestLimits), app.get(JobQueue), config, logger);
  // Not awaited: that would begin to load Fastify before Nest has given it its error handler.
  void fastify.register(async (scope) => routes.servePages(scope));
  void fastify.register(async (scope) => routes.serveBoard(scope));
}

class BoardRoutes {
  /** The path under which browsers see this service, without a slash at the end. */
  private readonly publicPath: string;
  private readonly secure: boolean;

  constructor(
    private readonly sessions: BoardSessions,
    private readonly limits: RequestLimits,
    private readonly queue: JobQueue,
    config: Config,
    private readonly logger: Logger,
  ) {
    const { pathname, protocol } = new URL(config.publicUrl);
    this.publicPath = pathname.replace(/\/$/, '');
    this.secure = protocol === 'https:';
  }

  servePages(scope: FastifyInstance): void {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: FORM_LIMIT_BYTES }, (_request, body, done) => {
      done(null, new URLSearchParams(body as string));
    });
    scope.setErrorHandler((error, request, reply) => {
      const { status, code, detail, headers = {} } = failureOf(error);
      if (status === 500) this.logger.error({ err: error, request_id: request.id, code }, 'request failed');
      return send(reply.headers(headers), status, boardLoginPage(this.at(LOGIN), { message: detail, username: usernameOf(request) }));
    });
    scope.addHook('onRequest', async (request, reply) => {
      const counted = this.limits.ofAddress(() => request.clientAddress);
      if (counted !== null) answerStanding(await counted, reply);
      if (!isOwn(request)) return refuse(reply, 403, 'This did not come from a page of this service.');
      return undefined;
    });
    scope.get(LOGIN, (_request, reply) => send(reply, 200, boardLoginPage(this.at(LOGIN))));
    scope.get(LOGOUT, (_request, reply) => send(reply, 200, boardLogoutPage(this.at(LOGOUT))));
    scope.post(LOGIN, (request, reply) => withRequestOrigin(request, () => this.login(request, reply)));
    scope.post(LOGOUT, (request, reply) => withRequestOrigin(request, () => this.logout(request, reply)));
  }

  async serveBoard(scope: FastifyInstance): Promise<void> {
    scope.addHook('onRequest', async (request, reply) => {
      reply.headers({ 'content-security-policy': BOARD_POLICY, 'referrer-policy': 'no-referrer' });
      if (!isOwn(request)) return refuse(reply, 403, 'This did not come from a page of this service.');
      if ((await this.sessions.find(cookieOf(request))) === null) {
        if (isData(request)) return refuse(reply, 401, 'Log in at /admin/login.');
        return reply.redirect(this.at(LOGIN), 303);
      }
      const looks = request.method === 'GET' || request.method === 'HEAD';
      if (!looks && !(request.method === 'PUT' && ALLOWED_ACTION.test(pathOf(request)))) {
        return refuse(reply, 403, 'Jobs can be looked at, retried and promoted here, and nothing else.');
      }
      return undefined;
    });
    const { registerBullMqBoard } = await import('../../platform/queue/bullmq-board.js');
    await registerBullMqBoard(scope, this.queue, {
      prefix: BOARD, publicPath: this.at(BOARD), links: [{ text: 'Log out', url: this.at(LOGOUT) }],
    });
  }

  private async login(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const form = formOf(request);
    const cookie = await this.sessions.begin(form.get('username') ?? '', form.get('password') ?? '', request.clientAddress);
    return this.goTo(reply, BOARD, cookie, SESSION_SECONDS);
  }

  private async logout(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    await this.sessions.end(cookieOf(request));
    return this.goTo(reply, LOGIN, '', 0);
  }

  private goTo(reply: FastifyReply, path: string, cookie: string, maxAgeSeconds: number): FastifyReply {
    const secure = this.secure ? '; Secure' : '';
    reply.header('set-cookie', `${COOKIE}=${cookie}; Path=${this.at('/admin')}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`);
    return reply.redirect(this.at(path), 303);
  }

  private at(path: string): string {
    return this.publicPath + path;
  }
}

/**
 * Whether a request that changes something comes from this service's own pages. Browsers say where a request comes
 * from; whoever is no browser sends no cookie without meaning to.
 */
function isOwn({ method, headers, host }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

function cookieOf({ headers: { cookie = '' } }: FastifyRequest): string | null {
  const pair = cookie.split(';').map((part) => part.trim()).find((part) => part.startsWith(`${COOKIE}=`));
  return pair?.slice(COOKIE.length + 1) ?? null;
}

function isData(request: FastifyRequest): boolean {
  return request.method !== 'GET' || pathOf(request).startsWith(`${BOARD}/api/`);
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0]!;
}

function formOf({ body }: FastifyRequest): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}

function usernameOf(request: FastifyRequest): string {
  return (formOf(request).get('username') ?? '').slice(0, 100);
}

/** In the shape that Bull Board's pages show. */
function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.status(status).send({ error: message, message });
}

function send(reply: FastifyReply, status: number, { headers, html }: Page): FastifyReply {
  return reply.status(status).headers(headers).send(html);
}
