import type { Clock } from '../../../kernel/clock.js';

const TIMEOUT_MS = 5000;
const LIMIT_BYTES = 256 * 1024;
/** An issuer that does not answer is left alone for this time. */
const RETRY_AFTER_MS = 5000;

/** The fault is not the token's: it may be tried again. */
export class IssuerUnavailable extends Error {}

/** Where issuers publish their keys (RFC 8414, or OpenID Connect Discovery). Asked for once, when it has been answered. */
export class IssuerMetadata {
  private readonly known = new Map<string, Promise<URL>>();
  private readonly failedAt = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  jwksUriOf(issuer: string): Promise<URL> {
    const known = this.known.get(issuer);
    if (known !== undefined) return known;
    if (this.clock.now() - (this.failedAt.get(issuer) ?? -Infinity) < RETRY_AFTER_MS) return Promise.reject(new IssuerUnavailable(`${issuer} did not answer`));
    const asked = discover(issuer).catch((error: unknown) => {
      this.known.delete(issuer);
      this.failedAt.set(issuer, this.clock.now());
      throw error;
    });
    this.known.set(issuer, asked);
    return asked;
  }
}

async function discover(issuer: string): Promise<URL> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [`${origin}${path}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-authorization-server${path}`];
  for (const place of places) {
    const metadata = await read(place);
    if (metadata?.['issuer'] === issuer && typeof metadata['jwks_uri'] === 'string' && URL.canParse(metadata['jwks_uri'])) {
      const uri = new URL(metadata['jwks_uri']);
      // Keys that anybody on the way could change would vouch for nothing.
      if (uri.protocol === 'https:' || uri.origin === origin) return uri;
    }
  }
  throw new IssuerUnavailable(`${issuer} does not say where its keys are`);
}

async function read(url: string): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetchWithin(url, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await response.json();
    return typeof body === 'object' ? (body as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

/** An answer of 200 in time, of a bounded size, and from where it was asked for; everything else is IssuerUnavailable. */
export async function fetchWithin(url: string, options: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, { ...options, redirect: 'error' });
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > LIMIT_BYTES) throw new Error(`answered more than ${LIMIT_BYTES} bytes`);
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    JSON.parse(text);
    return new Response(text, { status: 200, headers: { 'content-type': 'application/json' } });
  } catch (error) {
    throw new IssuerUnavailable(`${url} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
