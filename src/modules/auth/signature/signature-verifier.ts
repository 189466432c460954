import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Clock, toUnixSeconds } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { NonceStore } from '../../../platform/nonces/nonce-store.js';
import { matchesDigest } from './content-digest.js';
import { expiredSignature, invalidSignature, replayedSignature, unsuitableComponents, wrongDigest } from './signature-errors.js';
import { readSignature } from './signed-request.js';
import type { RequestSignature } from './signed-request.js';
import { SigningKeys } from './signing-keys.js';
import type { GoodSigningKey } from './signing-keys.js';

/** How far `created` may be from this clock, either way. */
const TOLERANCE_SECONDS = 300;
const REQUIRED = ['@method', '@authority', '@path', '@query'];
const DIGEST = 'content-digest';
const NO_BODY = new Uint8Array();

/** Checks requests that are signed by RFC 9421: who it was, that nothing was changed, and that it came once. */
@Injectable()
export class SignatureVerifier {
  constructor(
    private readonly keys: SigningKeys,
    private readonly nonces: NonceStore,
    private readonly clock: Clock,
  ) {}

  /** Null when the key is unknown or has ended. The nonce comes last: who cannot sign must not use it up. */
  async authenticate(request: FastifyRequest): Promise<Principal | null> {
    const { method, url: target, rawHeaders } = request.raw;
    const signature = readSignature({ method: method!, target: target!, authority: request.host, secure: request.protocol === 'https', rawHeaders });
    assertCovers(signature, hasBody(request));
    this.assertTimely(signature);
    const key = await this.keys.find(signature.keyId);
    if (key === null) return null;
    if (signature.algorithm !== null && signature.algorithm !== key.algorithm) throw invalidSignature(`This key signs with ${key.algorithm}.`);
    if ((await key.verifies(signature.base, signature.signature)) !== true) throw invalidSignature('The signature is not that of this request by this key.');
    assertDigest(request);
    await this.assertFirst(key, signature);
    this.keys.noteUse(key);
    return key.principal;
  }

  private assertTimely({ created, expires }: RequestSignature): void {
    const now = toUnixSeconds(this.clock.now());
    if (Math.abs(now - created) > TOLERANCE_SECONDS) throw expiredSignature(`created is more than ${TOLERANCE_SECONDS} s away from ${now}, the time here.`);
    if (expires !== null && expires < now) throw expiredSignature('expires has passed.');
  }

  /**
   * What is older than the memory of the store may have been there before. A key that is younger than that memory cannot
   * have been used before it.
   */
  private async assertFirst(key: GoodSigningKey, { nonce, created }: RequestSignature): Promise<void> {
    const until = (created + TOLERANCE_SECONDS + 1) * 1000;
    const { fresh, knowsSince } = await this.nonces.claim({ owner: key.id, nonce, until, now: this.clock.now() });
    if (!fresh) throw replayedSignature();
    if (created * 1000 < knowsSince && key.createdAt < knowsSince) throw expiredSignature('created is before the time from which on nonces are known here; sign the request anew.');
  }
}

function assertCovers({ components }: RequestSignature, body: boolean): void {
  const missing = [...REQUIRED, ...(body ? [DIGEST] : [])].filter((name) => !components.has(name));
  if (missing.length > 0) throw unsuitableComponents(`The signature must cover ${missing.join(', ')} too.`);
}

function hasBody({ headers, rawBody }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0 || (rawBody ?? NO_BODY).length > 0;
}

/** Over the bytes as they came. A body that is not read, as that of a GET, counts as empty and has no digest that is right. */
function assertDigest({ headers, rawBody }: FastifyRequest): void {
  const digest = headers[DIGEST];
  if (digest !== undefined && !matchesDigest(String(digest), rawBody ?? NO_BODY)) throw wrongDigest();
}
