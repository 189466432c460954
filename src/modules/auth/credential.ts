import type { IncomingMessage } from 'node:http';
import { DomainError } from '../../kernel/domain-error.js';

export type Credential = { kind: 'api-key' | 'jwt' | 'oauth' | 'signature'; value: string };

/** Which credential a request presents. Two at once are refused: it would not be clear who is calling. */
export function credentialOf({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): Credential {
  const apiKey = headers['x-api-key'];
  const authorization = headers.authorization;
  const signature = headers['signature-input'] ?? headers['signature'];
  if ([apiKey, authorization, signature].filter((header) => header !== undefined).length > 1) throw ambiguous();
  if (signature !== undefined) return { kind: 'signature', value: String(signature) };
  if (apiKey !== undefined) {
    if (Array.isArray(apiKey)) throw ambiguous();
    return { kind: 'api-key', value: apiKey };
  }
  if (authorization === undefined) {
    throw new DomainError('unauthenticated', 'auth.credential_missing', 'Send an API key in X-API-Key, an access token in Authorization: Bearer, or sign the request.');
  }
  // Of several of this name Node keeps the first one; who stands before this service may have looked at another.
  if (rawHeaders.filter((word, index) => index % 2 === 0 && word.toLowerCase() === 'authorization').length > 1) throw ambiguous();
  const [, token] = /^Bearer +([^ ]+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw invalidCredential();
  // What OAuth clients are given is opaque; a JWT has dots.
  return { kind: token.includes('.') ? 'jwt' : 'oauth', value: token };
}

export function invalidCredential(): DomainError {
  return new DomainError('unauthenticated', 'auth.credential_invalid', 'The credential is unknown, expired or revoked.');
}

function ambiguous(): DomainError {
  return new DomainError('unauthenticated', 'auth.credential_ambiguous', 'Send one credential, not several.');
}
