import { Agent } from 'undici';

export interface Answer {
  status: number;
  body: any;
}

/** An application with an API key. `send` rejects when no answer came, `call` also when the answer is no success. */
export class ApiClient {
  private readonly agent = new Agent({
    connections: 128,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    connect: { timeout: 5_000 },
  });

  constructor(
    readonly baseUrl: string,
    private readonly apiKey: string,
  ) {}

  async send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const response = await this.agent.request({
      origin: this.baseUrl,
      path: `/api/v1${path}`,
      method,
      headers: {
        'x-api-key': this.apiKey,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    return { status: response.statusCode, body: text === '' ? undefined : JSON.parse(text) };
  }

  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<any> {
    const answer = await this.send(method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  /** Every page of a list that stands still. */
  async listAll(path: string): Promise<any[]> {
    const items: any[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.call('GET', `${path}?limit=100${query}`);
      items.push(...page.data);
      cursor = page.has_more ? page.next_cursor : null;
    } while (cursor !== null);
    return items;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

export interface Conversation {
  id: string;
  visitorId: string;
}

export async function createConversation(client: ApiClient, name: string): Promise<Conversation> {
  const created = await client.call('POST', '/conversations', { visitor: { external_id: name, name } });
  return { id: created.id, visitorId: created.visitor_id };
}

export async function createConversations(client: ApiClient, count: number): Promise<Conversation[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => createConversation(client, `visitor-${index}`)));
}

export function messageBody(conversation: Conversation, clientMsgNo: string): Record<string, unknown> {
  return {
    conversation_id: conversation.id,
    sender: { type: 'visitor', id: conversation.visitorId },
    type: 'text',
    content: `text of ${clientMsgNo}`,
    client_msg_no: clientMsgNo,
  };
}
