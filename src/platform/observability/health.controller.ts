import { Controller, Get, Header, Inject, Optional } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { DomainError } from '../../kernel/domain-error.js';
import { Database } from '../database/database.js';
import { Public, Unlimited } from '../http/allow.js';
import { Throws } from '../http/throws.js';
import { RedisConnections } from '../redis/redis.js';
import { LivenessView, ReadinessView } from './health.dto.js';
import { Metrics } from './metrics.js';

const CHECK_TIMEOUT_MS = 3000;

async function withinTime(check: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS)));
  const answer = check.then(() => true, () => false);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

@ApiTags('operation')
@Unlimited()
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    @Optional() @Inject(RedisConnections) private readonly redis: RedisConnections | null,
  ) {}

  /** Says that the process runs. */
  @Public()
  @Get('/health/live')
  live(): LivenessView {
    return { status: 'ok' };
  }

  /** Says whether the database, and Redis where there is one, can be reached. */
  @Public()
  @Get('/health/ready')
  @Throws('service.not_ready')
  async ready(): Promise<ReadinessView> {
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

  /** Counts and times for Prometheus. */
  @Public()
  @Get('/metrics')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' }, example: '# TYPE http_request_duration_seconds histogram\n…' } } })
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}

function word(ok: boolean): string {
  return ok ? 'ok' : 'unreachable';
}
