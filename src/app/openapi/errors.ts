import type { ResponseObject } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import type { FieldError } from '../../kernel/domain-error.js';
import { ANY_SCOPE } from '../../platform/http/allow.js';
import { EXTENSIONS } from '../../platform/http/documentation.js';
import type { Problem } from '../../platform/http/problem.js';
import { contentSchema, referredName } from './document.js';
import type { Operation, PlacedOperation, Schema } from './document.js';
import { ERROR_CODES, statusOf } from './error-codes.js';
import { examplePath } from './examples.js';

export const API = '/api/v1/';
const EXAMPLE_REQUEST_ID = 'req_01k5x6j3q8v4m2n7p9r1s5t6w0';

const MIB = 1024 * 1024;

const MEANINGS: Record<number, string> = {
  400: 'The body cannot be read as JSON in UTF-8',
  401: 'No credential, a wrong one, or several at once',
  403: 'The caller may not do this',
  404: 'There is no such thing, or it is not for this caller to see',
  409: 'The present state forbids it',
  412: 'The resource is not the one that `If-Match` names',
  415: 'The body is not `application/json`',
  422: 'The request can be read and is not acceptable; `errors` has an entry for each field',
  429: 'A limit is used up; come back after `Retry-After` seconds',
  500: 'A fault of the service',
  503: 'The service cannot answer now; come back after `Retry-After` seconds',
};

/** All codes that an operation can answer: those that it names itself and those that follow from what it takes. */
export function errorCodesOf({ path, method, operation }: PlacedOperation): string[] {
  const codes = new Set(operation[EXTENSIONS.errorCodes] ?? []);
  if (!path.startsWith(API)) return [...codes];
  const add = (...more: string[]): void => more.forEach((code) => codes.add(code));
  const scope = operation[EXTENSIONS.requiredScope];
  if (operation.requestBody !== undefined) add('request.malformed', 'request.not_utf8', 'request.too_large', 'request.unsupported_media_type', 'request.invalid');
  if (operation.parameters.some((parameter) => parameter.in === 'query')) add('request.invalid');
  if (scope !== undefined) add('auth.credential_missing', 'auth.credential_invalid', 'auth.credential_ambiguous', 'auth.address_not_allowed', 'auth.issuer_unavailable');
  if (scope !== undefined) {
    add('auth.signature_invalid', 'auth.signature_components', 'auth.signature_expired', 'auth.signature_replayed', 'auth.digest_mismatch', 'auth.nonces_unavailable');
  }
  if (scope !== undefined && scope !== ANY_SCOPE) add('auth.scope_missing');
  if (takesIdempotencyKey(method, operation)) add('idempotency.in_progress', 'idempotency.key_reused', 'request.invalid');
  add('rate_limit.exceeded', 'internal', 'service.unavailable', 'service.worker_only');
  return [...codes];
}

/** Log-in has nobody whose key it could be. */
export function takesIdempotencyKey(method: string, operation: Operation): boolean {
  return method === 'post' && operation[EXTENSIONS.requiredScope] !== undefined;
}

/** One answer for each status, with an example for each of its codes. */
export function errorResponses(placed: PlacedOperation, schemas: Record<string, Schema>): Record<string, ResponseObject> {
  const codes = errorCodesOf(placed);
  const statuses = [...new Set(codes.map(statusOf))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [String(status), errorResponse(status, codes.filter((code) => statusOf(code) === status), placed, schemas)]),
  );
}

function errorResponse(status: number, codes: string[], placed: PlacedOperation, schemas: Record<string, Schema>): ResponseObject {
  const examples = codes.map((code) => [code, { summary: code, value: exampleProblem(code, placed, schemas) }] as const);
  return {
    description: `${meaningOf(status, placed)}: ${codes.map((code) => `\`${code}\``).join(', ')}`,
    headers: {
      ...(status === 401 && { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } }),
      ...((status === 429 || status === 503) && { 'Retry-After': { $ref: '#/components/headers/Retry-After' } }),
    },
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples: Object.fromEntries(examples) } },
  };
}

function meaningOf(status: number, { operation }: PlacedOperation): string {
  if (status === 413) return `The body is larger than ${(operation[EXTENSIONS.maxBodyBytes] ?? MIB) / MIB} MiB`;
  return MEANINGS[status] ?? STATUS_CODES[status] ?? 'Error';
}

function exampleProblem(code: string, placed: PlacedOperation, schemas: Record<string, Schema>): Problem {
  const { detail, errors, extra } = ERROR_CODES[code]!;
  const status = statusOf(code);
  const scope = placed.operation[EXTENSIONS.requiredScope];
  const ofScope = code === 'auth.scope_missing' && scope !== undefined && scope !== ANY_SCOPE;
  return {
    type: `urn:crossdesk:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: ofScope ? `This needs the scope ${scope}.` : detail,
    instance: examplePath(placed.path, placed.operation.parameters),
    code,
    request_id: EXAMPLE_REQUEST_ID,
    ...(code === 'request.invalid' ? { errors: [exampleFieldError(placed, schemas)] } : errors !== undefined && { errors }),
    ...(ofScope ? { required_scope: scope } : extra),
  };
}

/** What a caller is most likely to see first: a field that is missing, one too many, or a limit out of bounds. */
function exampleFieldError({ operation }: PlacedOperation, schemas: Record<string, Schema>): FieldError {
  const body = contentSchema(operation.requestBody);
  if (body !== undefined) {
    const [field] = schemas[referredName(body) ?? '']?.required ?? [];
    if (field !== undefined) return { field, code: 'required', message: `${field} is required` };
    return { field: 'colour', code: 'unknown_field', message: 'colour is not a field of this request' };
  }
  if (operation.parameters.some(({ name }) => name === 'limit')) return { field: 'limit', code: 'max', message: 'limit must not be greater than 100' };
  return { field: 'Idempotency-Key', code: 'idempotency.key_invalid', message: 'An Idempotency-Key has 1 to 255 visible ASCII characters.' };
}
