import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';

const TEXT = 0x81;
const CLOSE = 0x88;
const PING = 0x89;
const OPENED = 0x30; // Engine.IO
const ENGINE_PING = 0x32;
const CONNECTED = Buffer.from('40/v1,');
const REFUSED = Buffer.from('44/v1,');

export interface FrameSocketOptions {
  url: string;
  token: string;
  event: string;
  /** For each event of that name; the payload is only valid during the call. */
  onEvent: (payload: Buffer) => void;
  onLost: (reason: string) => void;
}

/**
 * A Socket.IO 4 client of the namespace `/v1` that reads WebSocket frames and counts the events of one name without
 * decoding them. A thousand ordinary clients in one process cost more than the server that is to be measured.
 */
export function connectFrameSocket(options: FrameSocketOptions): Promise<{ close(): void }> {
  const prefix = Buffer.from(`42/v1,["${options.event}",`);
  const { hostname, port } = new URL(options.url);

  return new Promise((resolve, reject) => {
    const upgrade = request({
      host: hostname,
      port,
      path: '/socket.io/?EIO=4&transport=websocket',
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      },
    });
    upgrade.on('error', reject);
    upgrade.on('response', (response) => reject(new Error(`The handshake was answered with ${response.statusCode}.`)));
    upgrade.on('upgrade', (_response, socket, head) => {
      let open = true;
      const lose = (reason: string): void => {
        reject(new Error(reason)); // no effect once connected
        if (open) options.onLost(reason);
        open = false;
        socket.destroy();
      };
      const onFrame = (opcode: number, payload: Buffer): void => {
        if (opcode === PING || opcode === CLOSE) return lose(`unexpected control frame ${opcode}`);
        if (opcode !== TEXT) return lose(`unexpected frame ${opcode}`);
        if (startsWith(payload, prefix)) options.onEvent(payload.subarray(prefix.length - 1));
        else if (payload[0] === ENGINE_PING) send(socket, '3');
        else if (payload[0] === OPENED) send(socket, `40/v1,${JSON.stringify({ token: options.token })}`);
        else if (startsWith(payload, CONNECTED)) resolve({ close: () => ((open = false), socket.destroy()) });
        else if (startsWith(payload, REFUSED)) lose(`refused: ${payload.toString()}`);
      };
      const read = frameReader(onFrame);
      socket.setNoDelay(true);
      socket.on('data', read);
      socket.on('error', (error) => lose(error.message));
      socket.on('close', () => lose('the server closed the socket'));
      if (head.length > 0) read(head);
    });
    upgrade.end();
  });
}

/** Cuts a stream of unmasked frames, as a server sends them. */
function frameReader(onFrame: (opcode: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const data = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (data.length - at >= 2) {
      let length = data[at + 1]! & 0x7f;
      let start = at + 2;
      if (length === 126) {
        if (data.length - at < 4) break;
        length = data.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (data.length - at < 10) break;
        length = Number(data.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (data.length < start + length) break;
      onFrame(data[at]!, data.subarray(start, start + length));
      at = start + length;
    }
    rest = at < data.length ? data.subarray(at) : undefined;
  };
}

/** One short text frame, masked with zeroes: a client must mask, with what does not matter here. */
function send(socket: Pick<Socket, 'write'>, text: string): void {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.from([TEXT, 0x80 | payload.length]) : Buffer.from([TEXT, 0xfe, 0, 0]);
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  socket.write(Buffer.concat([head, Buffer.alloc(4), payload]));
}

function startsWith(payload: Buffer, prefix: Buffer): boolean {
  return payload.length >= prefix.length && payload.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
