/*
 * The built service with a clock that its tester can move: SIGUSR2 an hour ahead, SIGHUP an hour back.
 * Nothing in the service itself knows of this; it is given a Clock as its tests give it one.
 */
import 'reflect-metadata';
import { configureApp } from '../../dist/app/configure-app.js';
import { Clock } from '../../dist/kernel/clock.js';
import { BootstrapService } from '../../dist/modules/onboarding/bootstrap.service.js';
import { readEnvironment } from '../../dist/platform/config/config.js';
import { createLogger } from '../../dist/platform/observability/logger.js';

const HOUR_MS = 3_600_000;

class JumpingClock extends Clock {
  aheadMs = 0;

  now() {
    return Date.now() + this.aheadMs;
  }
}

const clock = new JumpingClock();
process.on('SIGUSR2', () => (clock.aheadMs += HOUR_MS));
process.on('SIGHUP', () => (clock.aheadMs -= HOUR_MS));

const config = readEnvironment();
const app = await configureApp({ config, logger: createLogger(config.values.LOG_LEVEL), clock });
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
await app.get(BootstrapService).run();
await app.listen(config.values.PORT, config.values.HOST);
