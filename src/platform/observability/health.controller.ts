import { Controller, Get, Header, Inject, Optional } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { DomainError } from '../../kernel/domain-error.js';
import { Database } from '../database/database.js';
import { Public } from '../http/allow.js';
import { RedisConnections } from '../redis/redis.js';
import { Metrics } from './metrics.js';

const CHECK_TIMEOUT_MS = 3000;

async function withinTime(check: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS)));
  const answer = check.then(() => true, () => false);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    @Optional() @Inject(RedisConnections) private readonly redis: RedisConnections | null,
  ) {}

  @Public()
  @Get('/health/live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Public()
  @Get('/health/ready')
  async ready(): Promise<Record<string, string>> {
    const [database, redis] = await Promise.all([
      withinTime(this.database.ping()),
      this.redis === null ? null : withinTime(this.redis.ping()),
    ]);
    const checks = { database: word(database), ...(redis !== null && { redis: word(redis) }) };
    if (!database || redis === false) {
      throw new DomainError('unavailable', 'service.not_ready', 'A part that this service needs cannot be reached.', { extra: { checks } });
    }
    return { status: 'ok', ...checks };
  }

  @Public()
  @Get('/metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}

function word(ok: boolean): string {
  return ok ? 'ok' : 'unreachable';
}
