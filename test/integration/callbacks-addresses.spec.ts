import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { anEndpoint, anOrganization, created, deliveriesOf, deliveryOf, eventsAfter } from '../support/desk.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

/** Each form in which a host can be written, of each range that is not public. */
const INTERNAL = [
  // One address in all its spellings: short, decimal, octal, hexadecimal, mixed, escaped, with full-width and circled digits, with a dot at its end.
  '127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0X7F000001', '0x7f.1', '0x7f.0x0.0x0.0x1', '0177.0.0.1', '00000177.1', '017700000001', '127.0.0.1.', '2130706433.', '127。0。0。1',
  '１２７.0.0.1', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1', '0', '0.0.0.0', '127.255.255.254',
  // IPv4.
  '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', '3232235777', '169.254.169.254', '169.254.169.254.', '0xa9fea9fe', '100.64.0.1', '100.100.100.200', '192.0.0.8', '192.0.0.192',
  '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16', '0xa83f8110', '168.4161808',
  // IPv6: unspecified, loopback, and those that hold an IPv4 address.
  '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::ffff:127.0.0.1]', '[::FFFF:7F00:1]', '[::ffff:7f00:1]', '[::ffff:10.0.0.1]', '[::ffff:168.63.129.16]', '[::127.0.0.1]', '[::8.8.8.8]',
  '[::ffff:0:7f00:1]', '[64:ff9b::7f00:1]', '[64:FF9B::10.0.0.1]', '[64:ff9b::169.254.169.254]', '[64:ff9b:1::7f00:1]', '[64:ff9b:1::8.8.8.8]', '[64:ff9b:1:ffff::1]', '[2002:7f00:1::]', '[2002:808:808::1]',
  '[2001:0:1::1]', '[2001:0:4136:e378:8000:63bf:3fff:fdd2]', '[2001:4860:4860::5efe:7f00:1]', '[2001:4860::200:5efe:127.0.0.1]', '[fe80::5efe:808:808]',
  '[fc00::1]', '[fd00:ec2::254]', '[FD00:EC2::254]', '[fe80::1]', '[febf::1]', '[fec0::1]', '[ff02::1]', '[100::1]', '[100:0:0:1::1]', '[2001:db8::1]', '[3fff::1]', '[5f00::1]', '[4000::1]',
];

/** Hosts that look like another: what stands before `@` is no host, and a backslash ends one. */
const DISGUISED = ['http://@127.0.0.1/', 'http://:@127.0.0.1/', 'http:127.0.0.1/', 'http:\\\\127.0.0.1\\', 'http://127.0.0.1\\@receiver.example.com/', 'http://127.0.0.1#@receiver.example.com/', 'http://127.0.0.1?@receiver.example.com/', 'HTTP://127.0.0.1/', 'http:///127.0.0.1/'];
const WITH_CREDENTIALS = ['http://receiver.example.com@127.0.0.1/', 'http://8.8.8.8:80@10.0.0.1/', 'http://127.0.0.1@receiver.example.com/', 'http://127.0.0.1:80%40receiver.example.com@127.0.0.1/'];
/** `URL` reads none of them, so that they cannot be connected to either. */
const NO_URLS = ['http://[fe80::1%25eth0]/', 'http://[fe80::1%eth0]/', 'http://[::1/', 'http://256.1.1.1/', 'http://0x100000000/', 'http://127.0.0.1.5/', 'http://127.0.0.1:99999/', 'http://127.0.0.1 .example.com/', 'file:///etc/passwd', 'gopher://127.0.0.1/', 'unix:/run/docker.sock'];

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

  it.each(DISGUISED)('are refused behind what looks like something else: %s', async (url) => {
    expect(await app.api.post('/callbacks', { url, events: ['*'] })).toMatchObject({ status: 422, body: { code: 'callback.address_forbidden' } });
  });

  it.each([...WITH_CREDENTIALS, ...NO_URLS])('are no URL of an endpoint: %s', async (url) => {
    const answer = await app.api.post('/callbacks', { url, events: ['*'] });
    expect(answer).toMatchObject({ status: 422, body: { code: 'request.invalid', errors: [{ field: 'url' }] } });
  });

  it('are refused in each form also when an endpoint is changed', async () => {
    const endpoint = await anEndpoint(app.api, 'https://receiver.example.com/hook', { enabled: false });
    for (const url of [...INTERNAL.map((host) => `http://${host}/`), ...DISGUISED]) {
      const { status, body } = await app.api.put(`/callbacks/${endpoint.id}`, { url });
      expect({ url, status, code: body.code }).toEqual({ url, status: 422, code: 'callback.address_forbidden' });
    }
    expect((await app.api.get(`/callbacks/${endpoint.id}`)).body).toMatchObject({ url: 'https://receiver.example.com/hook' });
  });

  it('are refused together with all else of the change', async () => {
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
    const told = (await eventsAfter(api, 0)).filter(({ event }) => event === 'callback.exhausted');
    expect(told.map(({ data }) => data)).toMatchObject([{ callback_id: endpoint.id, delivery_id: delivery!.id, event: 'visitor.created', attempt_count: 1, last_status_code: null }]);
  });
});

describe('an internal address that is opened later', () => {
  it('is reached when what it did not get is sent again by hand', async () => {
    const sink = await startCallbackSink();
    const database = await anEmptyDatabase();
    const closed = await startTestApp({ database, env: { CALLBACK_ALLOW_CIDRS: undefined } });
    const endpoint = await anEndpoint(closed.api, `http://localhost:${sink.port}/`, { events: ['visitor.created'] });
    await created(closed.api.post('/visitors', {}));
    await closed.settle();
    const [delivery] = await deliveriesOf(closed.api, endpoint);
    const path = `/callbacks/${endpoint.id}/deliveries/${delivery!.id}`;
    expect(delivery).toMatchObject({ status: 'discarded', attempt_count: 1 });
    // As long as it is closed, by hand does not help either.
    expect((await closed.api.post(`${path}/retry`)).status).toBe(202);
    await closed.settle();
    expect(await deliveryOf(closed.api, endpoint, delivery!.id)).toMatchObject({ status: 'discarded', attempt_count: 2, attempts: [{ error_class: 'address_forbidden' }, { error_class: 'address_forbidden' }] });
    await closed.close();

    const opened = await startTestApp({ database, env: { CALLBACK_ALLOW_CIDRS: '127.0.0.0/8,::1/128' } });
    await opened.settle();
    expect(sink.received).toEqual([]);
    expect((await opened.api.post(`${path}/retry`)).status).toBe(202);
    await opened.settle();
    expect((await opened.api.get(path)).body).toMatchObject({ status: 'succeeded', attempt_count: 3, last_status_code: 200 });
    expect(sink.received).toHaveLength(1);
    await opened.close();
    await database.drop();
    await sink.close();
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
