import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.js';

const MYSQL = { DATABASE_URL: 'mysql://user:p%40ss@db.example:3306/desk', SECRET_KEY: 'a key of sixteen letters or more' };

function complaint(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error(`These settings were taken: ${JSON.stringify(environment)}`);
}

describe('settings', () => {
  it('are complete when there are none', () => {
    expect(readConfig({}).values).toEqual({
      PORT: 3000,
      HOST: '127.0.0.1',
      DATABASE_URL: 'sqlite:./data/crossdesk.sqlite',
      ROLES: ['api', 'worker'],
      SECRET_KEY: [],
      OAUTH_TRUSTED_ISSUERS: [],
      EVENT_RETENTION_DAYS: 90,
      CORS_ORIGINS: [],
      RATE_LIMIT: '6000/60',
      TRUST_PROXY: [],
      SHUTDOWN_TIMEOUT: 25,
      CALLBACK_ALLOW_CIDRS: [],
      CRM_SYNC_INTERVAL: 300,
      CRM_SYNC_ORGANIZATION: 'default',
      CRM_SYNC_ALLOW_CIDRS: [],
      LOG_LEVEL: 'info',
      MIGRATE: 'on',
    });
  });

  it('may be empty, as compose files leave them', () => {
    expect(readConfig({ PORT: '', REDIS_URL: '', SECRET_KEY: '', ROLES: '', PUBLIC_URL: '' })).toEqual(readConfig({}));
  });

  it('are read from text', () => {
    const config = readConfig({
      ...MYSQL,
      PORT: '8080',
      ROLES: ' worker ',
      SECRET_KEY: 'the first of two keys, the second of two keys'.replace(' keys, the', ' keys,the'),
      REDIS_URL: 'rediss://:secret@cache.example:6380/1',
      CALLBACK_ALLOW_CIDRS: '127.0.0.0/8, ::1/128,',
      CORS_ORIGINS: 'https://desk.example,http://localhost:5173',
      PUBLIC_URL: 'https://desk.example/api-gateway',
    });
    expect(config.dialect).toBe('mysql');
    expect(config.values).toMatchObject({
      PORT: 8080,
      ROLES: ['worker'],
      SECRET_KEY: ['the first of two keys', 'the second of two keys'],
      CALLBACK_ALLOW_CIDRS: ['127.0.0.0/8', '::1/128'],
      CORS_ORIGINS: ['https://desk.example', 'http://localhost:5173'],
    });
    expect([config.plays('api'), config.plays('worker')]).toEqual([false, true]);
    expect(readConfig({ DATABASE_URL: 'sqlite:/var/lib/desk.sqlite' }).sqlitePath).toBe('/var/lib/desk.sqlite');
    expect(readConfig({ RATE_LIMIT: '5/1' }).rateLimit).toEqual({ limit: 5, windowSeconds: 1 });
    expect(readConfig({ RATE_LIMIT: 'off' }).rateLimit).toBeNull();
    expect(readConfig({ CORS_ORIGINS: '*' }).values.CORS_ORIGINS).toEqual(['*']);
  });

  it.each([
    ['PORT', 'http'],
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['DATABASE_URL', 'postgres://localhost/desk'],
    ['DATABASE_URL', 'desk.sqlite'],
    ['DATABASE_URL', 'sqlite:'],
    ['DATABASE_URL', 'sqlite::memory:'],
    ['DATABASE_URL', 'mysql://'],
    ['DATABASE_URL', 'mysql://localhost:3306'],
    ['DATABASE_URL', 'mysql://localhost:3306/'],
    ['DATABASE_URL', 'mysql://localhost:port/desk'],
    ['DATABASE_URL', 'mysql://user:pa%ss@localhost/desk'],
    ['DATABASE_URL', 'mysql://user:pass@localhost/desk/more'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'http://localhost:6379'],
    ['REDIS_URL', 'redis://localhost:port'],
    ['ROLES', 'api,boss'],
    ['BOOTSTRAP_API_KEY', 'secret'],
    ['BOOTSTRAP_ADMIN_PASSWORD', 'short'],
    ['SECRET_KEY', 'short'],
    ['SECRET_KEY', 'a key of sixteen letters or more,short'],
    ['PUBLIC_URL', 'desk.example'],
    ['PUBLIC_URL', 'ftp://desk.example'],
    ['PUBLIC_URL', 'javascript:alert(1)'],
    ['PUBLIC_URL', 'https://desk.example/?x=1'],
    ['PUBLIC_URL', 'https://desk.example/#x'],
    ['PUBLIC_URL', 'https://me@desk.example/'],
    ['OAUTH_TRUSTED_ISSUERS', 'login.example'],
    ['OAUTH_TRUSTED_ISSUERS', 'https://login.example, http://login.example'],
    ['OAUTH_TRUSTED_ISSUERS', 'http://127.0.0.1.evil.example'],
    ['OAUTH_TRUSTED_ISSUERS', 'https://login.example/?x'],
    ['CORS_ORIGINS', 'desk.example'],
    ['CORS_ORIGINS', 'https://desk.example/path'],
    ['RATE_LIMIT', '6000'],
    ['RATE_LIMIT', '0/60'],
    ['RATE_LIMIT', '6000/0'],
    ['RATE_LIMIT', '6000/86401'],
    ['RATE_LIMIT', '-1/60'],
    ['RATE_LIMIT', '1.5/60'],
    ['RATE_LIMIT', 'none'],
    ['TRUST_PROXY', '10.0.0.0'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0/8'],
    ['TRUST_PROXY', 'loopback'],
    ['CRM_SYNC_URL', 'crm.example.com'],
    ['CRM_SYNC_URL', 'ftp://crm.example.com/'],
    ['CRM_SYNC_URL', 'https://user:password@crm.example.com/'],
    ['CRM_SYNC_AUTHORIZATION', 'Bearer a\nX-Other: b'],
    ['CRM_SYNC_INTERVAL', '0'],
    ['CRM_SYNC_ALLOW_CIDRS', '10.0.0.0'],
    ['CALLBACK_ALLOW_CIDRS', '127.0.0.1/8x'],
    ['CALLBACK_ALLOW_CIDRS', '0127.0.0.1/8'],
    ['SHUTDOWN_TIMEOUT', 'soon'],
    ['SHUTDOWN_TIMEOUT', '-1'],
    ['LOG_LEVEL', 'loud'],
    ['MIGRATE', 'maybe'],
  ])('name %s when it is %j', (name, value) => {
    const message = complaint({ [name]: value });
    expect(message.split('\n')).toHaveLength(2);
    expect(message).toMatch(new RegExp(`^These settings cannot be used:\\n  ${name}: .`));
  });

  it('name everything that is wrong at once', () => {
    const message = complaint({
      PORT: 'x', DATABASE_URL: 'mysql://localhost/desk', REDIS_URL: 'x', CALLBACK_ALLOW_CIDRS: 'x', LOG_LEVEL: 'x',
    });
    const named = [...message.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(['CALLBACK_ALLOW_CIDRS', 'LOG_LEVEL', 'PORT', 'REDIS_URL', 'SECRET_KEY']);
  });

  it('need a SECRET_KEY with MySQL', () => {
    expect(complaint({ DATABASE_URL: MYSQL.DATABASE_URL })).toContain('SECRET_KEY: required with a MySQL database');
    expect(complaint({ DATABASE_URL: MYSQL.DATABASE_URL, SECRET_KEY: ' , ' })).toContain('SECRET_KEY: required');
    expect(readConfig(MYSQL).values.SECRET_KEY).toHaveLength(1);
  });

  it('never repeat what may be secret', () => {
    const message = complaint({
      DATABASE_URL: 'mysql://user:hush-hush@localhost', REDIS_URL: 'redi://:hush-hush@localhost', SECRET_KEY: 'hush-hush', BOOTSTRAP_API_KEY: 'hush-hush', BOOTSTRAP_ADMIN_PASSWORD: 'hush',
    });
    expect(message).not.toContain('hush');
    expect(message.split('\n')).toHaveLength(6);
  });
});
