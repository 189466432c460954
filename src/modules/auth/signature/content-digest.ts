import { hash } from 'node:crypto';
import { parseDictionary } from 'structured-headers';

const ALGORITHMS = { 'sha-256': 'sha256', 'sha-512': 'sha512' } as const;

/**
 * RFC 9530: whether a `Content-Digest` describes these bytes. At least one digest must be of an algorithm that is safe
 * today, and each of those must be right; others are passed over.
 */
export function matchesDigest(header: string, body: Uint8Array): boolean {
  const digests = parseDigests(header);
  const known = Object.entries(ALGORITHMS).flatMap(([name, algorithm]) => (digests.has(name) ? [{ algorithm, digest: digests.get(name) }] : []));
  return known.length > 0 && known.every(({ algorithm, digest }) => digest !== undefined && hash(algorithm, body, 'base64') === digest);
}

/** In base64; undefined where there is something else in the place of a digest. */
function parseDigests(header: string): Map<string, string | undefined> {
  try {
    return new Map([...parseDictionary(header)].map(([name, [value]]) => [name, value instanceof ArrayBuffer ? Buffer.from(value).toString('base64') : undefined]));
  } catch {
    return new Map();
  }
}
