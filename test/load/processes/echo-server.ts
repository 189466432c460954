import { createServer } from 'node:http';
import { serve } from '../harness/child.js';
import { listen } from '../harness/listen.js';

/** The bare minimum of a JSON API on Node: reads the body, parses it, answers it. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as unknown;
    const answer = JSON.stringify(body);
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    response.end(answer);
  });
});

const handlers = serve({ listen: () => listen(server) });
export type EchoServer = typeof handlers;
