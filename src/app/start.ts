import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { ConfigError, readEnvironment } from '../platform/config/config.js';
import type { Config } from '../platform/config/config.js';
import { AlreadyRunningError } from '../platform/database/instance-lock.js';
import { TablesOutOfDateError } from '../platform/database/migrate.js';
import { createLogger } from '../platform/observability/logger.js';
import { BootstrapService } from '../modules/onboarding/bootstrap.service.js';
import { configureApp } from './configure-app.js';
import { HttpDrain } from './http-drain.js';
import { Lifecycle } from './lifecycle.js';
import { reloadTlsOnHangup } from './reload-tls.js';
import { credentialLines, welcome } from './welcome.js';

/** Runs the service until it is told to stop; prints what a person needs who has just started it. */
export async function start(): Promise<void> {
  const config = readOrExit();
  const logger = createLogger(config.values.LOG_LEVEL);
  process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'stopping: an error that nobody caught');
    process.exit(1);
  });
  try {
    const running: { drain?: Drain } = {};
    stopOnSignal(() => running.drain, config, logger);
    const app = await configureApp({ config, logger });
    running.drain = drainOf(app, config);
    reloadTlsOnHangup(app, config, logger);
    await open(app, config);
  } catch (error) {
    const explanation = explain(error, config);
    if (explanation !== undefined) exitWith(explanation);
    logger.fatal({ err: error }, 'the service could not start');
    process.exit(1);
  }
}

async function open(app: NestFastifyApplication, config: Config): Promise<void> {
  const credentials = await app.get(BootstrapService).run();
  try {
    await app.listen(config.values.PORT, config.values.HOST);
  } catch (error) {
    // The next start will not show them: it finds the database filled.
    if (credentials !== null) process.stdout.write(`${credentialLines(credentials).join('\n')}\n`);
    throw error;
  }
  process.stdout.write(welcome(config, await app.getUrl(), credentials));
}

function readOrExit(): Config {
  try {
    return readEnvironment();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return exitWith(error.message);
  }
}

/** For what a person can put right: one sentence instead of a stack. */
function explain(error: unknown, { values: { HOST, PORT } }: Config): string | undefined {
  if (error instanceof AlreadyRunningError || error instanceof TablesOutOfDateError) return error.message;
  const { code, syscall, fatal, message } = error as { code?: unknown; syscall?: unknown; fatal?: unknown; message?: unknown };
  // mysql2's mark of a connection that did not come about; its words hold no password.
  if (fatal === true) return `The database of DATABASE_URL cannot be used: ${message}`;
  if (code === 'EADDRINUSE') return `Port ${PORT} is in use; set PORT to another one.`;
  if (syscall === 'listen' && code === 'EACCES') return `This user may not listen on port ${PORT}; set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || (code === 'ENOTFOUND' && syscall === 'getaddrinfo' && (error as { hostname?: unknown }).hostname === HOST)) {
    return `This machine has no address ${HOST} to listen on; set HOST to one of its own, or to 0.0.0.0.`;
  }
  return undefined;
}

function exitWith(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const SPARE_MS = 5000;

type Drain = () => Promise<void>;

function drainOf(app: NestFastifyApplication, config: Config): Drain {
  const http = new HttpDrain(app.getHttpServer());
  return async () => {
    const begunAt = performance.now();
    await http.drain(config.values.SHUTDOWN_TIMEOUT * 1000);
    app.get(Lifecycle).spend(performance.now() - begunAt);
    await app.close();
  };
}

/** Drains on the first signal, or ends when nothing is served yet; a second one, or a drain that takes too long, ends the process at once. */
function stopOnSignal(drain: () => Drain | undefined, config: Config, logger: Logger): void {
  const timeoutMs = config.values.SHUTDOWN_TIMEOUT * 1000;
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    const finish = drain();
    if (finish === undefined) process.exit(0);
    logger.info(`${signal}: finishing what was begun`);
    setTimeout(() => process.exit(1), timeoutMs + SPARE_MS).unref();
    finish().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the drain failed');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(signal));
}
