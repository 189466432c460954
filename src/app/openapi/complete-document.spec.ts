import type { OpenAPIObject } from '@nestjs/swagger';
import { describe, expect, it } from 'vitest';
import { completeDocument, splitComment } from './complete-document.js';
import { operationsOf } from './document.js';
import type { Operation } from './document.js';

const JSON_OF = (name: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });

/** As Nest scans it: an operation with what decorators have noted. */
function completed(path: string, method: string, noted: object): Operation {
  const list = { parameters: [], responses: { 200: { description: '', content: JSON_OF('Page') } } };
  const scanned = {
    openapi: '3.1.0',
    info: { title: 'test', version: '1' },
    paths: {
      '/api/v1/things': { get: list },
      [path]: { ...(path === '/api/v1/things' && { get: list }), [method]: { parameters: [], responses: { 200: { description: '' } }, summary: 'Does it.', ...noted } },
    },
    components: {
      schemas: {
        NewThing: { type: 'object', properties: { name: { type: 'string', example: 'x' } }, required: ['name'] },
        Thing: { type: 'object', properties: { id: { type: 'string', example: 'thg_1' }, state: { type: 'string', example: 'open' } }, required: ['id', 'state'] },
        Page: { type: 'object', properties: { data: { type: 'array', items: { $ref: '#/components/schemas/Thing' } } }, required: ['data'] },
      },
    },
  };
  return operationsOf(completeDocument(scanned as unknown as OpenAPIObject)).find((placed) => placed.path === path && placed.method === method)!.operation;
}

function errorsOf(operation: Operation): Record<string, string[]> {
  const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
  return Object.fromEntries(errors.map(([status, { content }]) => [status, Object.keys(content!['application/problem+json']!.examples!)]));
}

describe('completeDocument', () => {
  it('gives a creation its header, its answers and its errors', () => {
    const operation = completed('/api/v1/things', 'post', {
      'x-required-scope': 'agents:write',
      'x-error-codes': ['agent.username_taken'],
      'x-answers-resource': { location: true, etag: true },
      requestBody: { required: true, content: JSON_OF('NewThing') },
      responses: { 201: { description: '', content: JSON_OF('Thing') } },
    });
    expect(operation.parameters.map(({ name }) => name)).toEqual(['Idempotency-Key']);
    expect(operation.requestBody!.content['application/json']!.example).toEqual({ name: 'x' });
    expect(operation.responses['201']).toMatchObject({ description: 'Created', content: { 'application/json': { example: { id: 'thg_1', state: 'open' } } } });
    expect(Object.keys(operation.responses['201']!.headers!)).toEqual(['X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Location', 'ETag', 'Idempotency-Replayed']);
    expect(errorsOf(operation)).toEqual({
      400: ['request.malformed', 'request.not_utf8'],
      401: [
        'auth.credential_missing', 'auth.credential_invalid', 'auth.credential_ambiguous', 'auth.signature_invalid', 'auth.signature_components',
        'auth.signature_expired', 'auth.signature_replayed', 'auth.digest_mismatch',
      ],
      403: ['auth.address_not_allowed', 'auth.scope_missing'],
      409: ['agent.username_taken', 'idempotency.in_progress'],
      413: ['request.too_large'],
      415: ['request.unsupported_media_type'],
      422: ['request.invalid', 'idempotency.key_reused'],
      429: ['rate_limit.exceeded'],
      500: ['internal'],
      503: ['auth.issuer_unavailable', 'auth.nonces_unavailable', 'service.unavailable', 'service.worker_only'],
    });
  });

  it('shows problems as this operation answers them', () => {
    const operation = completed('/api/v1/things/{id}', 'put', {
      'x-required-scope': 'visitors:write',
      'x-error-codes': ['visitor.not_found', 'request.precondition_failed'],
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      requestBody: { required: true, content: JSON_OF('NewThing') },
    });
    expect(operation.parameters.map(({ name, example }) => [name, example])).toEqual([['id', 'thg_1'], ['If-Match', undefined]]);
    const shown = (status: number, code: string): unknown => operation.responses[status]!.content!['application/problem+json']!.examples![code];
    expect(shown(404, 'visitor.not_found')).toMatchObject({ value: { type: 'urn:crossdesk:problem:visitor.not_found', title: 'Not Found', status: 404, instance: '/api/v1/things/thg_1' } });
    expect(shown(403, 'auth.scope_missing')).toMatchObject({ value: { required_scope: 'visitors:write' } });
    expect(shown(412, 'request.precondition_failed')).toBeDefined();
    expect(shown(422, 'request.invalid')).toMatchObject({ value: { errors: [{ field: 'name', code: 'required' }] } });
  });

  it('says of a public operation that it needs no credential', () => {
    const operation = completed('/api/v1/log-in', 'post', { 'x-error-codes': ['auth.login_failed'], requestBody: { content: JSON_OF('NewThing') } });
    expect(operation).toMatchObject({ security: [], description: 'Needs no credential.', parameters: [] });
    expect(errorsOf(operation)).toMatchObject({ 401: ['auth.login_failed'] });
  });

  it('leaves the errors of addresses outside of the API to those who declare them', () => {
    expect(errorsOf(completed('/health', 'get', {}))).toEqual({});
    expect(errorsOf(completed('/health', 'get', { 'x-error-codes': ['service.not_ready'] }))).toEqual({ 503: ['service.not_ready'] });
  });

  it('takes the examples and the orders that an operation states, and keeps no trace of how it did', () => {
    const operation = completed('/api/v1/things/all', 'delete', {
      'x-required-scope': 'any',
      'x-example-bodies': { 'By name': { name: 'y' } },
      'x-example-answer': { state: 'closed' },
      'x-sorts': ['-name', 'name'],
      parameters: [{ name: 'sort', in: 'query', required: false, schema: { type: 'string', maxLength: 64 } }],
      requestBody: { content: JSON_OF('NewThing') },
      responses: { 200: { description: '', content: JSON_OF('Thing') } },
    });
    expect(operation.requestBody!.content['application/json']!.examples).toEqual({ 'by-name': { summary: 'By name', value: { name: 'y' } } });
    expect(operation.responses['200']!.content!['application/json']!.example).toEqual({ id: 'thg_1', state: 'closed' });
    expect(operation.parameters[0]!.schema).toEqual({ type: 'string', enum: ['-name', 'name'], default: '-name' });
    expect(Object.keys(operation).filter((key) => key.startsWith('x-'))).toEqual(['x-required-scope', 'x-error-codes']);
    expect(operation.description).toBe('Needs a credential, of whatever scope.');
  });

  it('refuses a code that the table of errors does not know', () => {
    expect(() => completed('/api/v1/things', 'post', { 'x-error-codes': ['thing.lost'] })).toThrow('thing.lost is not in');
  });
});

describe('splitComment', () => {
  it.each([
    ['Creates an agent.', { summary: 'Creates an agent' }],
    ['Changes it. Null clears a field; no more.', { summary: 'Changes it', description: 'Null clears a field; no more.' }],
    ['Begins one; without `id` it waits.', { summary: 'Begins one', description: 'Without `id` it waits.' }],
  ])('%s', (comment, parts) => expect(splitComment(comment)).toEqual(parts));
});
