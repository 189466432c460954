import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server } from 'node:https';
import type { Logger } from 'pino';
import type { Config } from '../platform/config/config.js';
import { readTlsFiles } from '../platform/config/tls-files.js';

/** Certificates are renewed while the service runs: SIGHUP reads the files again, and connections from then on get what is in them. */
export function reloadTlsOnHangup(app: NestFastifyApplication, { tls }: Config, logger: Logger): void {
  if (tls === null) return;
  process.on('SIGHUP', () => {
    try {
      (app.getHttpServer() as unknown as Server).setSecureContext(readTlsFiles(tls.cert, tls.key));
      logger.info('SIGHUP: the certificate was read again');
    } catch (error) {
      logger.error({ err: error }, 'SIGHUP: the certificate cannot be used; the old one stays');
    }
  });
}
