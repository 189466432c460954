import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { connectSocket } from '../support/socket-client.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

describe('the main job', () => {
  let app: TestApp;
  let sink: CallbackSink;

  beforeAll(async () => {
    app = await startTestApp();
    sink = await startCallbackSink({ answer: (_request, count) => ({ status: count === 1 ? 500 : 204 }) });
  });

  afterAll(async () => {
    await sink.close();
    await app.close();
  });

  it('brings a posted message to the agent at once and to the receiver, signed, again after a failure', async () => {
    const agent = (await app.api.post('/agents', { username: 'li', password: 'password of li', status: 'online' })).body;
    const { secret, id: callbackId } = (
      await app.api.post('/callbacks', { url: `${sink.url}/hook`, events: ['message.received'], retry: { schedule_seconds: [0, 0, 0] } })
    ).body;
    const { token } = await app.login('li', 'password of li');
    const socket = await connectSocket(app.url, token);

    const conversation = (await app.api.post('/conversations', { visitor: { external_id: 'customer-1', name: 'Ada' } })).body;
    expect(conversation).toMatchObject({ agent_id: agent.id, status: 'open' });
    const sent = await app.api.post('/messages', {
      conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: '你好 👋', client_msg_no: 'n-1',
    });
    expect(sent.status).toBe(201);
    expect(sent.headers.get('location')).toBe(`/api/v1/messages/${sent.body.id}`);

    const seen = await socket.waitFor('message.received', 5000);
    expect(seen.envelope.data).toMatchObject({ message_id: sent.body.id, conversation_id: conversation.id, content: '你好 👋', seq: 1 });

    const [first, second] = await sink.waitFor(2, 10_000);
    expect(first!.headers['webhook-id']).toBe(second!.headers['webhook-id']);
    for (const request of [first!, second!]) {
      expect(new Webhook(secret).verify(request.rawBody, request.headers as Record<string, string>)).toEqual(seen.envelope);
    }
    await app.settle();
    const [delivery] = (await app.api.get(`/callbacks/${callbackId}/deliveries`)).body.data;
    expect(delivery).toMatchObject({ status: 'succeeded', attempt_count: 2, last_status_code: 204, event_id: seen.envelope.id });
    const { attempts } = (await app.api.get(`/callbacks/${callbackId}/deliveries/${delivery.id}`)).body;
    expect(attempts.map((attempt: { status: number }) => attempt.status)).toEqual([500, 204]);
    socket.close();
  });
});
