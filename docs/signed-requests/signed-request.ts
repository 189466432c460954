/**
 * A signed request to crossdesk (RFC 9421, RFC 9530). Node 20 or newer, nothing to install.
 *
 *   CROSSDESK_URL=https://desk.example CROSSDESK_KEY_ID=sgk_… CROSSDESK_SECRET=sgs_… npx tsx signed-request.ts
 *
 * With CROSSDESK_PRIVATE_KEY (PEM) instead of CROSSDESK_SECRET it signs with ed25519. Prints the answers.
 */
import { createHash, createHmac, createPrivateKey, randomUUID, sign } from 'node:crypto';

interface Key {
  id: string;
  /** For hmac-sha256: the text as it was shown, used byte by byte. */
  secret?: string;
  /** For ed25519, as PEM. */
  privateKey?: string;
}

/** The headers that sign a request. Send method, URL and body exactly as they are given here. */
export function signatureHeaders(key: Key, method: string, url: URL, body?: string): Record<string, string> {
  const digest = body === undefined ? undefined : `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
  const components: [name: string, value: string][] = [
    ['@method', method],
    ['@authority', url.host],
    ['@path', url.pathname],
    ['@query', url.search === '' ? '?' : url.search],
    ...(digest === undefined ? [] : [['content-digest', digest] as [string, string]]),
  ];
  const names = components.map(([name]) => `"${name}"`).join(' ');
  const parameters = `(${names});created=${Math.floor(Date.now() / 1000)};nonce="${randomUUID()}";keyid="${key.id}"`;
  const base = [...components.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${parameters}`].join('\n');
  const signature = key.secret === undefined
    ? sign(null, Buffer.from(base), createPrivateKey(key.privateKey!))
    : createHmac('sha256', key.secret).update(base).digest();
  return {
    ...(digest !== undefined && { 'Content-Type': 'application/json', 'Content-Digest': digest }),
    'Signature-Input': `sig=${parameters}`,
    Signature: `sig=:${signature.toString('base64')}:`,
  };
}

async function call(key: Key, method: string, url: URL, body?: string): Promise<string> {
  const answer = await fetch(url, { method, body, headers: signatureHeaders(key, method, url, body) });
  return `${answer.status} ${await answer.text()}`;
}

async function main(): Promise<void> {
  const { CROSSDESK_URL, CROSSDESK_KEY_ID = '', CROSSDESK_SECRET, CROSSDESK_PRIVATE_KEY } = process.env;
  const key: Key = { id: CROSSDESK_KEY_ID, secret: CROSSDESK_SECRET, privateKey: CROSSDESK_PRIVATE_KEY };
  const visitor = JSON.stringify({ external_id: `customer-${randomUUID()}`, name: 'Ada' });
  console.log(await call(key, 'POST', new URL('/api/v1/visitors', CROSSDESK_URL), visitor));
  console.log(await call(key, 'GET', new URL('/api/v1/visitors?limit=1', CROSSDESK_URL)));
}

void main();
