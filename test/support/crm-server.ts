import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CrmRequest {
  cursor: string | null;
  limit: string | null;
  path: string;
  headers: IncomingMessage['headers'];
}

export interface CrmServer {
  url: string;
  requests: CrmRequest[];
  /** What answers from now on. */
  answer: (request: CrmRequest, response: ServerResponse) => void;
  close(): Promise<void>;
}

export function sendPage(response: ServerResponse, page: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(typeof page === 'string' ? page : JSON.stringify(page));
}

/** A CRM that is asked for its pages, on a real port. */
export async function startCrmServer(): Promise<CrmServer> {
  const crm: CrmServer = { url: '', requests: [], answer: (_, response) => sendPage(response, {}), close: async () => undefined };
  const server = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url!, 'http://crm');
    const asked = { cursor: searchParams.get('cursor'), limit: searchParams.get('limit'), path: pathname, headers: request.headers };
    crm.requests.push(asked);
    crm.answer(asked, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  crm.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  crm.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return crm;
}
