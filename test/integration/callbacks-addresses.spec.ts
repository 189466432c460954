import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { anEndpoint, anOrganization, created, deliveriesOf, deliveryOf } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const INTERNAL = [
  '127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '127.0.0.1.', '127。0。0。1', '１２７.0.0.1', '%31%32%37.0.0.1', '0', '0.0.0.0',
  '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '169.254.169.254.', '0xa9fea9fe', '100.64.0.1', '192.0.0.8', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '168.63.129.16',
  '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b::10.0.0.1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:1::1]',
  '[fc00::1]', '[fd00:ec2::254]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[100::1]', '[100:0:0:1::1]', '[2001:db8::1]', '[3fff::1]', '[5f00::1]', '[2001:4860:4860::5efe:7f00:1]',
];

describe('internal addresses, while no range is opened', () => {
  let app: TestApp;
  let sink: CallbackSink;

  beforeAll(async () => {
    app = await startTestApp({ env: { CALLBACK_ALLOW_CIDRS: undefined } });
    sink = await startCallbackSink();
  });

  afterAll(async () => {
    await sink.close();
    await app.close();
  });

  it.each(INTERNAL)('are refused at registration: %s', async (host) => {
    for (const url of [`http://${host}/hook`, `https://${host}:8443/hook?x=1`]) {
      const { status, body } = await app.api.post('/callbacks', { url, events: ['*'] });
      expect({ url, status, code: body.code, errors: body.errors }).toEqual({
        url, status: 422, code: 'callback.address_forbidden',
        errors: [{ field: 'url', code: 'callback.address_forbidden', message: expect.stringContaining('CALLBACK_ALLOW_CIDRS') }],
      });
    }
  });

  it('are refused also when an endpoint is changed to one', async () => {
    const endpoint = await anEndpoint(app.api, 'https://receiver.example.com/hook', { enabled: false });
    const { status, body } = await app.api.put(`/callbacks/${endpoint.id}`, { url: 'http://10.1.2.3/', enabled: true });
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'callback.address_forbidden' });
    expect((await app.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ url: 'https://receiver.example.com/hook', enabled: false });
  });

  it.each(['1.1.1.1', '8.8.8.8', '[2606:4700:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]', 'receiver.example.com', '172.32.0.1', '100.128.0.1'])('are not %s', async (host) => {
    const endpoint = await anEndpoint(app.api, `https://${host}/hook`, { enabled: false });
    expect((await app.api.delete(`/callbacks/${endpoint.id}`)).status).toBe(204);
  });

  it('behind a name are refused at the connection, once: trying again would help nobody', async () => {
    const { api } = await anOrganization(app);
    const endpoint = await anEndpoint(api, `http://localhost:${sink.port}/hook`, { events: ['visitor.created'] });
    await created(api.post('/visitors', {}));
    await app.settle();
    const [delivery] = await deliveriesOf(api, endpoint);
    expect(await deliveryOf(api, endpoint, delivery!.id)).toMatchObject({
      status: 'discarded', attempt_count: 1, next_attempt_at: null,
      attempts: [{ error_class: 'address_forbidden', error_message: expect.stringContaining('CALLBACK_ALLOW_CIDRS'), status: null }],
    });
    expect((await api.get(`/callbacks/${endpoint.id}`)).body.enabled).toBe(true);
    expect(sink.received).toEqual([]);
  });
});

describe('internal addresses, while some ranges are opened', () => {
  it('are reached in those, by number and by name, and in no others', async () => {
    const sink = await startCallbackSink();
    const app = await startTestApp({ env: { CALLBACK_ALLOW_CIDRS: '127.0.0.0/8,::1/128' } });
    await anEndpoint(app.api, `http://127.0.0.1:${sink.port}/number`, { events: ['visitor.created'] });
    await anEndpoint(app.api, `http://localhost:${sink.port}/name`, { events: ['visitor.created'] });
    for (const host of ['10.0.0.1', '[::2]', '169.254.169.254']) {
      expect((await app.api.post('/callbacks', { url: `http://${host}/`, events: ['*'] })).body.code).toBe('callback.address_forbidden');
    }
    await created(app.api.post('/visitors', {}));
    await app.settle();
    expect(new Set(sink.received.map(({ path }) => path))).toEqual(new Set(['/number', '/name']));
    await app.close();
    await sink.close();
  });
});
