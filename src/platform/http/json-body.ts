import { isUtf8 } from 'node:buffer';
import { errorCodes } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { wantsExactNumbers, withoutRoundedNumbers } from './exact-numbers.js';

/** Who sends one of these has its body looked at as it came; for all others the bytes are let go once they are parsed. */
const NEED_BYTES = ['signature-input', 'content-digest', 'idempotency-key'];
const UTF8 = /^(utf-?8|us-ascii)$/i;

/** Bodies are JSON in UTF-8. An empty body is an absent one, so that actions without input need none. */
export function readJsonBodies(fastify: FastifyInstance): void {
  const parseText = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    if (NEED_BYTES.some((name) => request.headers[name] !== undefined)) request.rawBody = bytes;
    if (!isPlainUtf8(request.headers['content-type'], request.headers['content-encoding'])) {
      done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(), undefined);
    } else if (bytes.length === 0) {
      done(null, undefined);
    } else if (!isUtf8(bytes)) {
      done(new DomainError('malformed', 'request.not_utf8', 'The body is not valid UTF-8.'), undefined);
    } else {
      const text = bytes.toString('utf8');
      void parseText(request, wantsExactNumbers(request.routeOptions.config) ? withoutRoundedNumbers(text) : text, done);
    }
  });
}

/** Read as if it were, a body in another charset would be stored garbled. */
function isPlainUtf8(contentType = '', contentEncoding = 'identity'): boolean {
  const [, charset] = /;\s*charset="?([^";\s]*)"?/i.exec(contentType) ?? [];
  return (charset === undefined || UTF8.test(charset)) && contentEncoding === 'identity';
}
