import { anEmptyDatabase, startTestApp } from './start-test-app.js';
import type { TestApp, TestAppOptions } from './start-test-app.js';

/** One database and what serves it: two instances with MySQL and Redis, one on SQLite, which allows no more. */
export interface Cluster {
  /** Two different instances in the servers matrix; the same one twice in the embedded one. */
  a: TestApp;
  b: TestApp;
  /** Takes turns between the instances. */
  each(index: number): TestApp;
  settle(): Promise<void>;
  close(): Promise<void>;
}

export const HAS_SERVERS = process.env.TEST_MATRIX === 'servers';

export async function startCluster(options: Omit<TestAppOptions, 'database'> = {}): Promise<Cluster> {
  const database = await anEmptyDatabase();
  const a = await startTestApp({ ...options, database });
  const b = HAS_SERVERS ? await startTestApp({ ...options, database }) : a;
  const instances = [...new Set([a, b])];
  return {
    a,
    b,
    each: (index) => instances[index % instances.length]!,
    async settle() {
      for (const instance of instances) await instance.settle();
    },
    async close() {
      for (const instance of instances) await instance.close();
      await database.drop();
    },
  };
}
