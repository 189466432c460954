import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { serve } from '../harness/child.js';
import { listen } from '../harness/listen.js';

/** Socket.IO and nothing else: what is posted goes to everybody. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const envelope = JSON.parse(Buffer.concat(chunks).toString()) as { event: string };
    namespace.emit(envelope.event, envelope);
    response.writeHead(201, { 'content-length': 0 }).end();
  });
});
const namespace = new Server(server, { transports: ['websocket'] }).of('/v1');

const handlers = serve({ listen: () => listen(server) });
export type BareSocketServer = typeof handlers;
