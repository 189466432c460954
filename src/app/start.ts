import { ConfigError, readEnvironment } from '../platform/config/config.js';
import type { Config } from '../platform/config/config.js';
import { AlreadyRunningError } from '../platform/database/instance-lock.js';
import { createLogger } from '../platform/observability/logger.js';
import { BootstrapService } from '../modules/onboarding/bootstrap.service.js';
import { configureApp } from './configure-app.js';
import { welcome } from './welcome.js';

/** Runs the service until it is told to stop; prints what a person needs who has just started it. */
export async function start(): Promise<void> {
  const config = readOrExit();
  const logger = createLogger(config.values.LOG_LEVEL);
  process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'unhandled rejection'));
  try {
    const app = await configureApp({ config, logger });
    const credentials = await app.get(BootstrapService).run();
    await app.listen(config.values.PORT, config.values.HOST);
    process.stdout.write(welcome(config, await app.getUrl(), credentials));
    stopOnSignal(async () => app.close(), config.values.SHUTDOWN_TIMEOUT * 1000, logger);
  } catch (error) {
    if (error instanceof AlreadyRunningError || isAddressInUse(error)) exitWith(error instanceof AlreadyRunningError ? error.message : `Port ${config.values.PORT} is in use; set PORT to another one.`);
    logger.fatal({ err: error }, 'the service could not start');
    process.exit(1);
  }
}

function readOrExit(): Config {
  try {
    return readEnvironment();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return exitWith(error.message);
  }
}

function exitWith(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function isAddressInUse(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'EADDRINUSE';
}

const SPARE_MS = 5000;

/** Drains on the first signal; a second one, or a drain that takes too long, ends the process at once. */
function stopOnSignal(close: () => Promise<void>, timeoutMs: number, logger: { info(text: string): void; error(context: object, text: string): void }): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info(`${signal}: finishing what was begun`);
    setTimeout(() => process.exit(1), timeoutMs + SPARE_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'the drain failed');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(signal));
}
