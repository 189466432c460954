import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DestinationStream } from 'pino';
import { configureApp } from '../../src/app/configure-app.js';
import { BootstrapService } from '../../src/modules/onboarding/bootstrap.service.js';
import { SweeperService } from '../../src/modules/callbacks/dispatch/sweeper.service.js';
import type { Clock } from '../../src/kernel/clock.js';
import { readConfig } from '../../src/platform/config/config.js';
import { createLogger } from '../../src/platform/observability/logger.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { createDatabase } from './services.js';

export const API_KEY = 'cdk_testtesttesttesttesttesttesttest';
export const ADMIN_PASSWORD = 'correct horse battery staple';

export interface TestDatabaseUrl {
  url: string;
  redisUrl: string | undefined;
  drop(): Promise<void>;
}

/** An empty database of the current matrix: SQLite in a folder of its own, or MySQL with Redis. */
export async function anEmptyDatabase(): Promise<TestDatabaseUrl> {
  if (process.env.TEST_MATRIX === 'servers') {
    const database = await createDatabase(required('TEST_MYSQL_URL'));
    return { url: database.url, redisUrl: required('TEST_REDIS_URL'), drop: () => database.drop() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'crossdesk-test-'));
  return {
    url: `sqlite:${join(folder, 'crossdesk.sqlite')}`,
    redisUrl: undefined,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface TestAppOptions {
  /** Several instances may share one; by default each has its own, dropped when it closes. */
  database?: TestDatabaseUrl;
  env?: Record<string, string | undefined>;
  clock?: Clock;
  logs?: DestinationStream;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
  text: string;
}

/** A caller of the API: `method path body` in, status, headers and parsed body out. */
export class Caller {
  constructor(
    readonly url: string,
    readonly headers: Record<string, string>,
  ) {}

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send('PUT', path, body, headers);
  }

  delete(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send('DELETE', path, undefined, headers);
  }

  /** A string or bytes are sent as they are, everything else as JSON. Paths begin behind `/api/v1`. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.url + (path.startsWith('//') ? path.slice(1) : `/api/v1${path}`), {
      method,
      headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : raw ? (body as RequestInit['body']) : JSON.stringify(body),
    });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, text, body: json && text !== '' ? JSON.parse(text) : undefined };
  }
}

export interface TestApp {
  app: NestFastifyApplication;
  url: string;
  /** Calls with the bootstrap API key. */
  api: Caller;
  as(headers: Record<string, string>): Caller;
  /** Logs an agent in and calls with its access token. */
  login(username: string, password: string, organization?: string): Promise<Caller & { token: string }>;
  /** Delivers everything that is due now, without waiting for time to pass. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** The application as it runs, on a real database and a real port. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await anEmptyDatabase());
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    REDIS_URL: database.redisUrl,
    SECRET_KEY: 'a secret key for tests that is long enough',
    BOOTSTRAP_API_KEY: API_KEY,
    BOOTSTRAP_ADMIN_PASSWORD: ADMIN_PASSWORD,
    CALLBACK_ALLOW_CIDRS: '127.0.0.0/8,::1/128',
    SHUTDOWN_TIMEOUT: '5',
    RATE_LIMIT: 'off',
    ...options.env,
  });
  const logger = createLogger(process.env.TEST_LOG_LEVEL ?? (options.logs === undefined ? 'fatal' : 'info'), options.logs);
  const app = await configureApp({ config, logger, clock: options.clock });
  await app.get(BootstrapService).run();
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const as = (headers: Record<string, string>): Caller => new Caller(url, headers);
  return {
    app,
    url,
    api: as({ 'x-api-key': API_KEY }),
    as,
    async login(username, password, organization) {
      const answer = await as({}).post('/auth/login', { username, password, organization });
      if (answer.status !== 200) throw new Error(`login of ${username} failed: ${answer.text}`);
      const token = answer.body.access_token as string;
      return Object.assign(as({ authorization: `Bearer ${token}` }), { token });
    },
    async settle() {
      const queue = app.get(JobQueue);
      await queue.whenIdle();
      await app.get(SweeperService).sweep();
      await queue.whenIdle();
    },
    async close() {
      await app.close();
      if (options.database === undefined) await database.drop();
    },
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests by npm test.`);
  return value;
}
