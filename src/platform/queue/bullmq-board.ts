import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import { BullMqJobQueue } from './bullmq-job-queue.js';
import type { JobQueue } from './job-queue.js';

export interface BoardOptions {
  /** Where it is served in this process. */
  prefix: string;
  /** The same as a browser sees it, behind whatever proxy. */
  publicPath: string;
  links: { text: string; url: string }[];
}

/** Shows the queues of this process; names that are handled later are found at the next request. */
export async function registerBullMqBoard(scope: FastifyInstance, queue: JobQueue, { prefix, publicPath, links }: BoardOptions): Promise<void> {
  if (!(queue instanceof BullMqJobQueue)) throw new Error('Only the queues of BullMQ can be shown.');
  const server = new FastifyAdapter();
  server.setBasePath(publicPath);
  const board = createBullBoard({
    queues: [],
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'crossdesk queues',
        miscLinks: links,
        // They would load from, or lead to, other sites, or show more of Redis than its queues.
        hideDocsLink: true,
        hideRedisDetails: true,
        pollingInterval: { forceInterval: 5 },
      },
    },
  });
  let shown = 0;
  scope.addHook('onRequest', async () => {
    const { queues } = queue;
    if (queues.length === shown) return;
    shown = queues.length;
    board.replaceQueues(queues.map((each) => new BullMQAdapter(each, { description: 'Wakes pumps; what is to be delivered is in the database' })));
  });
  await scope.register(server.registerPlugin(), { prefix });
}
