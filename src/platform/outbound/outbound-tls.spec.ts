import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { failure, outboundBench } from '../../../test/support/outbound.js';
import { selfMadeCertificate } from '../../../test/support/self-made-certificate.js';

const { afterwards, send, socketReceiver } = outboundBench();
const LOOPBACK = async () => [{ address: '127.0.0.1' }];
const DAY_MS = 86_400_000;

async function listenTls(key: string, cert: string): Promise<{ port: number }> {
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined);
    const name = socket.servername || '-';
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`));
  });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  afterwards(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as AddressInfo).port };
}

describe('TLS', () => {
  const { key, cert } = selfMadeCertificate('receiver.test', { dnsName: 'receiver.test' });

  it('is accepted with a trusted certificate for that name', async () => {
    const { port } = await listenTls(key, cert);
    const answer = await send(`https://receiver.test:${port}/`, { client: { resolve: LOOPBACK, ca: cert } });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('receiver.test') });
  });

  it.each([
    ['of an unknown authority', 'receiver.test', undefined],
    ['for another name', 'other.test', cert],
    ['for a name and not the address', '127.0.0.1', cert],
  ])('is refused with a certificate %s', async (_, host, ca) => {
    const { port } = await listenTls(key, cert);
    const error = await failure(send(`https://${host}:${port}/`, { client: { resolve: LOOPBACK, ca } }));
    expect(error).toMatchObject({ code: 'tls', permanent: false });
  });

  it('is refused with a trusted certificate that has expired', async () => {
    const expired = selfMadeCertificate('receiver.test', { dnsName: 'receiver.test', validForMs: -DAY_MS });
    const { port } = await listenTls(expired.key, expired.cert);
    const error = await failure(send(`https://receiver.test:${port}/`, { client: { resolve: LOOPBACK, ca: expired.cert } }));
    expect(error).toMatchObject({ code: 'tls', permanent: false, message: expect.stringContaining('expired') });
  });

  it.each([
    ['speaks plain HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up', (socket: Socket) => socket.destroy()],
  ])('fails where the receiver %s', async (_, reply) => {
    const receiver = await socketReceiver((socket) => socket.once('data', () => reply(socket)));
    expect(await failure(send(receiver.https))).toMatchObject({ code: 'tls' });
  });

  it('fails as a refused connection where nobody listens', async () => {
    const receiver = await socketReceiver(() => undefined);
    await receiver.close();
    expect(await failure(send(receiver.https))).toMatchObject({ code: 'connect' });
  });
});
