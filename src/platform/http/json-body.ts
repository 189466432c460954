import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';

/** Bodies are JSON in UTF-8. An empty body is an absent one, so that actions without input need none. */
export function readJsonBodies(fastify: FastifyInstance): void {
  const parseText = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    request.rawBody = bytes;
    if (bytes.length === 0) {
      done(null, undefined);
    } else if (!isUtf8(bytes)) {
      done(new DomainError('malformed', 'request.not_utf8', 'The body is not valid UTF-8.'), undefined);
    } else {
      parseText(request, bytes.toString('utf8'), done);
    }
  });
}
