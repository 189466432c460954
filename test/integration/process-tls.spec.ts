import { connect } from 'node:tls';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { certificateFiles, selfMadeCertificate } from '../support/self-made-certificate.js';
import type { CertificateFiles } from '../support/self-made-certificate.js';
import { connectSocket } from '../support/socket-client.js';
import { API_KEY, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';

const SECRET_KEY = 'a secret key for tests that is long enough';

describe('a service with TLS_CERT and TLS_KEY', { timeout: 60_000 }, () => {
  const certificate = selfMadeCertificate('the first');
  let files: CertificateFiles;
  let database: TestDatabaseUrl;
  let server: ServerProcess;
  let trusting: Agent;

  beforeAll(async () => {
    files = certificateFiles(certificate);
    database = await anEmptyDatabase();
    server = await startServer({
      DATABASE_URL: database.url, REDIS_URL: database.redisUrl, SECRET_KEY, BOOTSTRAP_API_KEY: API_KEY, TLS_CERT: files.certFile, TLS_KEY: files.keyFile,
    });
    trusting = new Agent({ connect: { ca: certificate.cert } });
  }, 60_000);

  afterAll(async () => {
    await trusting?.close();
    await server?.kill();
    files?.remove();
    await database?.drop();
  });

  function subject(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }

  it('speaks HTTPS, and says where it is', async () => {
    expect(server.output()).toContain(`API      https://127.0.0.1:${server.port}/api/v1`);
    const answer = await request(`${server.url}/api/v1/auth/me`, { dispatcher: trusting, headers: { 'x-api-key': API_KEY } });
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.json()).toMatchObject({ kind: 'api_key' });
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('is not believed by those who do not know its certificate', async () => {
    await expect(request(`${server.url}/health/live`)).rejects.toThrow(/self.signed/i);
  });

  it('does not speak plain HTTP on that port', async () => {
    await expect(request(server.url.replace('https:', 'http:'))).rejects.toThrow(/closed|reset|hang up/i);
  });

  it('serves sockets on that port too', async () => {
    for (const transports of [['websocket'], ['polling']]) {
      const client = await connectSocket(server.url, API_KEY, { ca: certificate.cert, transports });
      expect(client.ready.position).toEqual(expect.any(Number));
      client.close();
    }
  });

  it('takes a new certificate on SIGHUP, and stays with the old one when the new one cannot be used', async () => {
    expect(await subject()).toBe('the first');
    files.write(selfMadeCertificate('the second'));
    expect(await subject()).toBe('the first');
    process.kill(server.pid, 'SIGHUP');
    await expect.poll(subject, { timeout: 10_000 }).toBe('the second');

    files.write({ ...selfMadeCertificate('the third'), key: certificate.key });
    process.kill(server.pid, 'SIGHUP');
    await expect.poll(() => server.output(), { timeout: 10_000 }).toContain('the old one stays');
    expect(server.output()).toContain('TLS_KEY: this is not the key of the certificate');
    expect(await subject()).toBe('the second');
  });

  it('drains as without TLS', async () => {
    expect(await server.stop()).toBe(0);
  });
});
