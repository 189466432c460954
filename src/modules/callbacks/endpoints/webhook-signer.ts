import { createHmac, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { toUnixSeconds } from '../../../kernel/clock.js';
import { privateKeyOf, secretKeyOf } from './endpoint-secret.js';
import type { OldSecret, Signing } from './endpoint.entity.js';

interface SigningKey {
  key: Buffer | KeyObject;
  expiresAt: number;
}

/**
 * Signs as Standard Webhooks 1.0 says, with an endpoint's secret and, during a rotation, those that it had before: the
 * newest first. `v1` is HMAC-SHA256, `v1a` ed25519.
 */
export class WebhookSigner {
  private readonly keys: readonly SigningKey[];

  constructor(private readonly signing: Signing, secret: string, oldSecrets: readonly OldSecret[]) {
    const read = signing === 'ed25519' ? privateKeyOf : secretKeyOf;
    this.keys = [{ key: read(secret), expiresAt: Infinity }, ...oldSecrets.map((old) => ({ key: read(old.secret), expiresAt: old.expires_at }))];
  }

  headers(id: string, body: string, at: number): Record<string, string> {
    const timestamp = String(toUnixSeconds(at));
    const signed = `${id}.${timestamp}.${body}`;
    const valid = this.keys.filter(({ expiresAt }) => expiresAt > at);
    return {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': valid.map(({ key }) => this.signature(key, signed)).join(' '),
    };
  }

  private signature(key: Buffer | KeyObject, signed: string): string {
    if (this.signing === 'ed25519') return `v1a,${sign(null, Buffer.from(signed), key).toString('base64')}`;
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  }
}
