import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const ORIGIN = 'https://desk.example';
const ON_EVERY_ANSWER = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

describe('the headers for browsers', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ env: { CORS_ORIGINS: ORIGIN } });
  });

  afterAll(() => app?.close());

  /** `fetch` would put a path right before it is sent. */
  function statusAndHeaders(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<{ status?: number; headers: Record<string, unknown> }> {
    return new Promise((resolve, reject) => {
      const { port } = new URL(app.url);
      request({ port, host: '127.0.0.1', path, method, headers }, (response) => {
        response.resume();
        resolve({ status: response.statusCode, headers: response.headers });
      }).once('error', reject).end();
    });
  }

  it.each([
    ['200', '/health/live', 'GET'], ['401', '/api/v1/agents', 'GET'], ['404', '/nowhere', 'GET'], ['405', '/api/v1/agents', 'DELETE'],
    ['400', '/api/v1/agents/%', 'GET'],
  ])('are on a %s', async (status, path, method) => {
    const answer = await statusAndHeaders(path, method);
    expect(answer.status).toBe(Number(status));
    expect(answer.headers).toMatchObject({
      ...ON_EVERY_ANSWER,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    });
  });

  it('let Swagger UI work, and nobody frame it', async () => {
    const { status, headers } = await statusAndHeaders('/docs');
    expect(status).toBe(200);
    expect(headers).toMatchObject(ON_EVERY_ANSWER);
    expect(String(headers['content-security-policy']).split(';')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "connect-src 'self'", "frame-ancestors 'none'"]),
    );
  });

  it('are no less for a path that only begins like the documentation', async () => {
    expect((await statusAndHeaders('/documents')).headers['content-security-policy']).toContain("default-src 'none';base-uri");
  });

  it('ask for HTTPS only where there is some', async () => {
    expect((await statusAndHeaders('/health/live')).headers).not.toHaveProperty('strict-transport-security');
    const behindProxy = await startTestApp({ env: { PUBLIC_URL: 'https://desk.example/api' } });
    try {
      const [live, docs] = await Promise.all([behindProxy.api.get('//health/live'), behindProxy.api.get('//docs')]);
      expect(live.headers.get('strict-transport-security')).toBe('max-age=31536000');
      expect(docs.headers.get('content-security-policy')).toContain("connect-src 'self' https://desk.example;");
    } finally {
      await behindProxy.close();
    }
  });

  it('let pages of the allowed origins read the limits', async () => {
    const { headers } = await statusAndHeaders('/api/v1/agents', 'GET', { origin: ORIGIN });
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    const exposed = String(headers['access-control-expose-headers']).toLowerCase().split(/, */);
    expect(exposed).toEqual(expect.arrayContaining(['ratelimit', 'ratelimit-policy', 'retry-after', 'etag', 'location', 'x-request-id']));
  });
});
