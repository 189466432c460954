import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before several instances as a load balancer does: each request goes to the next one. */
export interface Balancer {
  url: string;
  /** How many requests each instance has had. */
  served: number[];
  /** The instances, once they are there. */
  balance(instances: readonly string[]): void;
  close(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
  let targets: readonly string[] = [];
  let turn = 0;
  const served: number[] = [];
  const server = createServer((incoming, outgoing) => {
    const index = turn++ % targets.length;
    served[index] = (served[index] ?? 0) + 1;
    const forwarded = request(new URL(incoming.url!, targets[index]), { method: incoming.method, headers: incoming.headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    served,
    balance: (instances) => void (targets = instances),
    close: () => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
