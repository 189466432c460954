import { ADMIN_PASSWORD, API_KEY, Caller, anEmptyDatabase } from './start-test-app.js';
import { startServer } from './server-process.js';

export interface BuiltServer {
  url: string;
  /** Calls with the bootstrap API key. */
  api: Caller;
  as(headers: Record<string, string>): Caller;
  stop(): Promise<void>;
}

/** `dist/`, as it is shipped, in a process of its own on an empty database of the current matrix. */
export async function startBuiltServer(env: Record<string, string | undefined> = {}): Promise<BuiltServer> {
  const database = await anEmptyDatabase();
  const server = await startServer({
    DATABASE_URL: database.url,
    REDIS_URL: database.redisUrl,
    SECRET_KEY: 'a secret key for tests that is long enough',
    BOOTSTRAP_API_KEY: API_KEY,
    BOOTSTRAP_ADMIN_PASSWORD: ADMIN_PASSWORD,
    SHUTDOWN_TIMEOUT: '5',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'fatal',
    ...env,
  });
  const as = (headers: Record<string, string>): Caller => new Caller(server.url, headers);
  return {
    url: server.url,
    api: as({ 'x-api-key': API_KEY }),
    as,
    async stop() {
      await server.stop();
      await database.drop();
    },
  };
}
