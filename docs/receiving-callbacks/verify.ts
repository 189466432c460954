import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const TOLERANCE_SECONDS = 5 * 60;
/** What stands before the 32 bytes of an ed25519 key in the form that Node reads. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export interface SignatureHeaders {
  id: string;
  timestamp: string;
  signature: string;
}

/** `secret` is the endpoint's `whsec_…`, or its `public_key` `whpk_…`; `body` the bytes as they came, before any JSON is read. */
export function isGenuine(secret: string, headers: SignatureHeaders, body: Buffer, nowSeconds = Date.now() / 1000): boolean {
  if (!/^\d{1,12}$/.test(headers.timestamp)) return false;
  if (Math.abs(nowSeconds - Number(headers.timestamp)) > TOLERANCE_SECONDS) return false;
  const signed = Buffer.concat([Buffer.from(`${headers.id}.${headers.timestamp}.`), body]);
  // While the secret is being replaced there are several signatures; one that fits is enough.
  return headers.signature.split(' ').some((each) => {
    const [version, value = ''] = each.split(',', 2);
    const signature = Buffer.from(value, 'base64');
    if (version === 'v1' && secret.startsWith('whsec_')) {
      const expected = createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(signed).digest();
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    }
    if (version === 'v1a' && secret.startsWith('whpk_')) {
      const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, Buffer.from(secret.slice(5), 'base64')]), format: 'der', type: 'spki' });
      return verify(null, signed, key, signature);
    }
    return false;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { WEBHOOK_SECRET = '', WEBHOOK_ID = '', WEBHOOK_TIMESTAMP = '', WEBHOOK_SIGNATURE = '' } = process.env;
  const headers = { id: WEBHOOK_ID, timestamp: WEBHOOK_TIMESTAMP, signature: WEBHOOK_SIGNATURE };
  console.log(isGenuine(WEBHOOK_SECRET, headers, readFileSync(0)) ? 'genuine' : 'refused');
}
