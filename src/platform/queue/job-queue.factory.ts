import type { JobErrorListener, JobQueue } from './job-queue.js';
import { MemoryJobQueue } from './memory-job-queue.js';

export interface JobQueueOptions {
  /** Without it jobs stay in this process. */
  readonly redisUrl?: string;
  /** Begins every key in Redis: deployments and test files that share a Redis differ in it. */
  readonly prefix: string;
  readonly onError: JobErrorListener;
}

export async function createJobQueue({ redisUrl, prefix, onError }: JobQueueOptions): Promise<JobQueue> {
  if (!redisUrl) return new MemoryJobQueue(onError);
  // Loaded on demand: a process without Redis should not pay for its client.
  const { BullMqJobQueue } = await import('./bullmq-job-queue.js');
  return new BullMqJobQueue({ redisUrl, prefix, onError });
}
