import { existsSync } from 'node:fs';
import { z } from 'zod';
import { tlsFaults } from './tls-files.js';
import type { RateLimit } from '../../kernel/principal.js';
import { isCidr } from './cidr.js';

export type Role = 'api' | 'worker';

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((item) => item.trim()).filter((item) => item !== ''));

const cidrList = list.superRefine((items, context) => {
  for (const item of items) {
    if (!isCidr(item)) {
      context.addIssue({ code: 'custom', message: `"${item}" is not a range such as 10.0.0.0/8 or ::1/128` });
    }
  }
});

const roles = list.transform((items, context): Role[] => {
  const names = items.length === 0 ? ['api', 'worker'] : items;
  for (const name of names) {
    if (name !== 'api' && name !== 'worker') {
      context.addIssue({ code: 'custom', message: `"${name}" is not a role; use api, worker or api,worker` });
    }
  }
  return names as Role[];
});

/** Plain decimal, as people write it: `Number` alone also reads 0x50 and 1e3. */
const number = (limits: z.ZodNumber) =>
  z.string().regex(/^\d+(\.\d+)?$/, { message: 'use a number' }).transform(Number).pipe(limits);

function urlOf(text: string): URL | null {
  try {
    const url = new URL(text);
    // Drivers decode both, and a stray % fails only then.
    decodeURIComponent(url.username + url.password + url.pathname);
    return url;
  } catch {
    return null;
  }
}

function isDatabaseUrl(text: string): boolean {
  if (text.startsWith('sqlite:')) return !/^sqlite:(:memory:)?$/.test(text);
  const url = urlOf(text);
  return url?.protocol === 'mysql:' && url.hostname !== '' && /^\/[^/]+$/.test(url.pathname) && url.search === '' && url.hash === '';
}

const databaseUrl = z
  .string()
  .default('sqlite:./data/crossdesk.sqlite')
  .refine(isDatabaseUrl, { message: 'use sqlite:PATH or mysql://user:password@host:3306/database, with %40 for an @ in the password' });

const redisUrl = z
  .string()
  .refine((text) => /^rediss?:$/.test(urlOf(text)?.protocol ?? ''), { message: 'use redis://host:6379 or rediss://…' });

const origins = list.superRefine((items, context) => {
  for (const item of items) {
    if (item !== '*' && urlOf(item)?.origin !== item) {
      context.addIssue({ code: 'custom', message: `"${item}" is not an origin such as https://desk.example` });
    }
  }
});

const MAX_RATE_WINDOW_SECONDS = 86_400;

/** Null for `off`. */
function rateLimitOf(text: string): RateLimit | null {
  if (text === 'off') return null;
  const [limit = 0, windowSeconds = 0] = text.split('/').map(Number);
  return { limit, windowSeconds };
}

const rateLimit = z
  .string()
  .regex(/^(off|[1-9]\d{0,8}\/[1-9]\d{0,4})$/, { message: 'use requests/seconds such as 6000/60, or off' })
  .refine((text) => (rateLimitOf(text)?.windowSeconds ?? 0) <= MAX_RATE_WINDOW_SECONDS, { message: `use ${MAX_RATE_WINDOW_SECONDS} seconds at the most`, when: ({ issues }) => issues.length === 0 })
  .default('6000/60');

/** Other names begin with it. What is no URL at all is somebody else's to say. */
function isPlainAddress(text: string): boolean {
  const url = urlOf(text);
  return url === null || (!/[?#]/.test(text) && url.username === '' && url.password === '');
}

/** Tokens are vouched for by keys that are fetched from there: plain http only where nobody is on the way. */
function isIssuer(text: string): boolean {
  const url = urlOf(text);
  if (url === null || !isPlainAddress(text)) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname));
}

const issuers = list.superRefine((items, context) => {
  for (const item of items) {
    if (!isIssuer(item)) {
      context.addIssue({ code: 'custom', message: `"${item}" is not an issuer such as https://login.example.com; http:// is for this machine only` });
    }
  }
});

/** The one list of settings. `docs/configuration.md` and `.env.example` are held against it by a test. */
export const CONFIG_SCHEMA = z.object({
  PORT: number(z.number().int().min(0).max(65535)).default(3000).describe('Port of HTTP and Socket.IO; 0 picks a free one'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  DATABASE_URL: databaseUrl.describe('sqlite:PATH, or mysql://user:password@host:3306/database (MySQL 8, MariaDB 10.6 or newer)'),
  REDIS_URL: redisUrl
    .optional()
    .describe('With it several instances can share the work; without it everything runs in this process'),
  ROLES: roles.describe('What this process plays: api (REST, sockets), worker (callback delivery, schedules)'),
  BOOTSTRAP_API_KEY: z
    .string()
    .regex(/^cdk_[0-9A-Za-z_-]{20,200}$/, { message: 'use cdk_ and 20 to 200 letters, digits, _ or -' })
    .optional()
    .describe('First start on an empty database: the API key of scope * to create; generated and printed once when absent'),
  BOOTSTRAP_ADMIN_PASSWORD: z
    .string()
    .min(8)
    .max(200)
    .optional()
    .describe('First start on an empty database: the password of the agent admin; generated and printed once when absent'),
  SECRET_KEY: list
    .refine((keys) => keys.every((key) => key.length >= 16), { message: 'each key needs at least 16 characters' })
    .describe('Encrypts stored secrets. A comma list: the first encrypts, all decrypt. Generated into the data folder on SQLite, required on MySQL'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'use http://… or https://…' })
    .refine(isPlainAddress, { message: 'use an address without user, ? and #' })
    .optional()
    .describe('Address under which clients reach this service: the issuer of OAuth tokens, cookies and links; when absent http://HOST:PORT, with TLS_CERT https://HOST:PORT'),
  TLS_CERT: z.string().optional().describe('File of the certificate for HTTPS in PEM, with those of its issuers behind it; read again on SIGHUP. Without it a proxy does TLS'),
  TLS_KEY: z.string().optional().describe('File of the private key of TLS_CERT in PEM'),
  OAUTH_TRUSTED_ISSUERS: issuers.describe('Issuers whose access tokens (JWT) are accepted beside those of this service, comma separated, as they stand in `iss`'),
  CORS_ORIGINS: origins.describe('Origins that browsers may call from, comma separated; * for all'),
  RATE_LIMIT: rateLimit.describe('Requests/seconds that a credential may make whose application sets none of its own, and an address without a credential; off switches all limits off, those of log-ins included'),
  TRUST_PROXY: cidrList.describe('Ranges of proxies whose X-Forwarded-For is believed'),
  SHUTDOWN_TIMEOUT: number(z.number().max(600)).default(25).describe('Seconds that a stopping process may spend on finishing its work'),
  EVENT_RETENTION_DAYS: number(z.number().int().min(1).max(36_500)).default(90).describe('Days for which events, deliveries and their attempts are kept; what is still to be delivered is discarded with its event'),
  CALLBACK_ALLOW_CIDRS: cidrList.describe('Internal ranges that callbacks may reach, for example 127.0.0.0/8,::1/128'),
  CRM_SYNC_URL: z
    .url({ protocol: /^https?$/, error: 'use http://… or https://…' })
    .refine((text) => !/#|^[^/]*\/\/[^/]*@/.test(text), { message: 'use an address without user and #; CRM_SYNC_AUTHORIZATION holds what proves who is asking' })
    .optional()
    .describe('Where customers and orders are fetched from, page by page (docs/crm-sync.md); without it nothing is'),
  CRM_SYNC_AUTHORIZATION: z
    .string()
    .regex(/^[\x20-\x7e]{1,4000}$/, { message: 'use visible ASCII characters' })
    .optional()
    .describe('The header Authorization of these requests, for example Bearer and a token'),
  CRM_SYNC_INTERVAL: number(z.number().int().min(1).max(86_400)).default(300).describe('Seconds from one look for news at CRM_SYNC_URL to the next'),
  CRM_SYNC_ORGANIZATION: z.string().default('default').describe('Slug of the organization that the customers and orders of CRM_SYNC_URL belong to'),
  CRM_SYNC_ALLOW_CIDRS: cidrList.describe('Internal ranges that CRM_SYNC_URL may lie in'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info').describe('Least level that is logged'),
  MIGRATE: z.enum(['on', 'off']).default('on').describe('off leaves migrations to npm run migrate'),
});

export type ConfigValues = z.infer<typeof CONFIG_SCHEMA>;

/** The settings of this process, checked once at start. */
export class Config {
  constructor(readonly values: ConfigValues) {}

  get dialect(): 'sqlite' | 'mysql' {
    return this.values.DATABASE_URL.startsWith('sqlite:') ? 'sqlite' : 'mysql';
  }

  get sqlitePath(): string {
    return this.values.DATABASE_URL.slice('sqlite:'.length);
  }

  /** Null when limits are off. */
  get rateLimit(): RateLimit | null {
    return rateLimitOf(this.values.RATE_LIMIT);
  }

  /** The files of HTTPS; null where this process speaks plain HTTP. */
  get tls(): { cert: string; key: string } | null {
    const { TLS_CERT: cert, TLS_KEY: key } = this.values;
    return cert === undefined || key === undefined ? null : { cert, key };
  }

  /** For how long events, and what was delivered of them, are kept. */
  get eventRetentionMs(): number {
    return this.values.EVENT_RETENTION_DAYS * 86_400_000;
  }

  /** Where clients reach this service, without a slash at the end. */
  get publicUrl(): string {
    const { PUBLIC_URL, HOST, PORT } = this.values;
    if (PUBLIC_URL !== undefined) return PUBLIC_URL.replace(/\/+$/, '');
    return `${this.tls === null ? 'http' : 'https'}://${HOST.includes(':') ? `[${HOST}]` : HOST}:${PORT}`;
  }

  plays(role: Role): boolean {
    return this.values.ROLES.includes(role);
  }
}

export class ConfigError extends Error {}

/** Reads settings; throws a ConfigError that names every bad variable. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const result = CONFIG_SCHEMA.safeParse(present);
  const faults = (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (lacksSecretKey(present)) faults.push('SECRET_KEY: required with a MySQL database, so that all instances share it');
  faults.push(...tlsFaults(present));
  if (!result.success || faults.length > 0) throw new ConfigError(['These settings cannot be used:', ...faults].join('\n  '));
  return new Config(result.data);
}

function lacksSecretKey({ DATABASE_URL = '', SECRET_KEY = '' }: Record<string, string | undefined>): boolean {
  return DATABASE_URL.startsWith('mysql:') && isDatabaseUrl(DATABASE_URL) && SECRET_KEY.replaceAll(/[\s,]/g, '') === '';
}

/** The settings of the environment and of a `.env` file in the working folder; the environment wins. */
/** `given` goes before what the environment says. */
export function readEnvironment(given: Record<string, string> = {}): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return readConfig({ ...process.env, ...given });
}
