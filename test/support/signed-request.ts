import { createHash, createHmac, createPrivateKey, randomUUID, sign } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** What the answer to `POST …/signing-keys` has of a key. */
export interface SigningKey {
  id: string;
  algorithm: string;
  secret?: string;
  private_key?: string;
}

export interface ToSign {
  method: string;
  /** With the query. */
  target: string;
  body?: string;
  /** Unix ms. */
  now: number;
  nonce?: string;
  components?: readonly string[];
  parameters?: Record<string, string | number>;
  headers?: Record<string, string>;
  label?: string;
}

export interface SignedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: any;
  text: string;
}

export const WITH_BODY = ['@method', '@authority', '@path', '@query', 'content-digest'];
const WITHOUT_BODY = WITH_BODY.slice(0, -1);

export function digestOf(body: string, algorithm = 'sha256'): string {
  return `${algorithm.replace('sha', 'sha-')}=:${createHash(algorithm).update(body).digest('base64')}:`;
}

function serialized(value: string | number): string {
  return typeof value === 'number' ? String(value) : `"${value}"`;
}

/** The headers that make a request a signed one, written by hand after RFC 9421: the service's own code has no part in it. */
export function signedHeaders(url: string, key: SigningKey, { method, target, body, now, nonce = randomUUID(), components, parameters, headers = {}, label = 'sig' }: ToSign): Record<string, string> {
  const [path = '', ...query] = target.split('?');
  const sent: Record<string, string> = { ...(body !== undefined && { 'content-type': 'application/json', 'content-digest': digestOf(body) }), ...headers };
  const values: Record<string, string> = {
    '@method': method, '@authority': new URL(url).host, '@path': path, '@query': `?${query.join('?')}`, ...sent,
  };
  const covered = components ?? (body === undefined ? WITHOUT_BODY : WITH_BODY);
  const given = { created: Math.floor(now / 1000), nonce, keyid: key.id, ...parameters };
  const list = covered.map((name) => (name.startsWith('"') ? name : `"${name}"`)).join(' ');
  const input = `(${list})${Object.entries(given).map(([name, value]) => `;${name}=${serialized(value)}`).join('')}`;
  const base = [...covered.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${input}`].join('\n');
  return { ...sent, 'signature-input': `${label}=${input}`, signature: `${label}=:${signatureOf(key, base).toString('base64')}:` };
}

function signatureOf(key: SigningKey, base: string): Buffer {
  if (key.algorithm === 'hmac-sha256') return createHmac('sha256', key.secret!).update(base).digest();
  return sign(null, Buffer.from(base), createPrivateKey(key.private_key!));
}

/** Sends a request exactly as it is given: `fetch` would write the target anew, and take no `Host`. */
export function sendRaw(url: string, { method, target, body, headers }: { method: string; target: string; body?: string; headers: Record<string, string | string[]> | string[] }): Promise<SignedAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sending = request({ host: hostname, port, method, path: target, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        const json = (response.headers['content-type'] ?? '').includes('json') && text !== '';
        resolve({ status: response.statusCode!, headers: response.headers, text, body: json ? JSON.parse(text) : undefined });
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}
