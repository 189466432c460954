import type { OpenAPIObject, ParameterObject, ResponseObject } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { ANY_SCOPE } from '../../platform/http/allow.js';
import { EXTENSIONS } from '../../platform/http/documentation.js';
import { HEADERS, IDEMPOTENCY_KEY, IF_MATCH, problemSchemas } from './components.js';
import { operationsOf, schemasOf } from './document.js';
import type { Operation, PlacedOperation, Schema } from './document.js';
import { API, errorCodesOf, errorResponses, takesIdempotencyKey } from './errors.js';
import { addExamples, describePathParameters } from './examples.js';
import { refineSchemas } from './schemas.js';

/** Adds to Nest's document what follows by rule: examples, headers, and the errors of each operation. */
export function completeDocument(scanned: OpenAPIObject): OpenAPIObject {
  const document = structuredClone(scanned);
  const operations = operationsOf(document);
  for (const placed of operations) describeParameters(placed);
  refineSchemas(document);
  for (const { operation } of operations) addExamples(document, operation);
  for (const placed of operations) describePathParameters(document, placed);
  for (const placed of operations) describe(placed, schemasOf(document));
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...problemSchemas() } as NonNullable<OpenAPIObject['components']>['schemas'],
    headers: HEADERS,
  };
  return document;
}

function describeParameters({ method, operation }: PlacedOperation): void {
  const sort = operation.parameters.find(({ name }) => name === 'sort');
  const sorts = operation[EXTENSIONS.sorts];
  if (sort !== undefined && sorts !== undefined) sort.schema = { type: 'string', enum: sorts, default: sorts[0] };
  if (takesIdempotencyKey(method, operation)) operation.parameters.push(structuredClone(IDEMPOTENCY_KEY));
  if (operation[EXTENSIONS.errorCodes]?.includes('request.precondition_failed') === true) operation.parameters.push(structuredClone(IF_MATCH));
  operation.parameters.sort((a, b) => rankOf(a) - rankOf(b));
}

/** What is in the address first. */
function rankOf(parameter: ParameterObject): number {
  return ['path', 'query', 'header', 'cookie'].indexOf(parameter.in);
}

function describe(placed: PlacedOperation, schemas: Record<string, Schema>): void {
  const { method, operation } = placed;
  const scope = operation[EXTENSIONS.requiredScope];
  Object.assign(operation, splitComment(operation.summary ?? ''));
  operation.description = [operation.description, sentenceOn(scope)].filter((text) => text !== undefined).join('\n\n');
  operation.security ??= [];
  const successes = Object.entries(operation.responses).map(([status, response]) => [status, describeSuccess(status, response, operation, method)] as const);
  const responses = Object.fromEntries([...successes, ...Object.entries(errorResponses(placed, schemas))]);
  const onAll = placed.path.startsWith(API) ? ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'] : ['X-Request-Id'];
  for (const response of Object.values(responses)) response.headers = { ...headersOf(onAll), ...response.headers };
  operation.responses = responses;
  operation[EXTENSIONS.errorCodes] = errorCodesOf(placed);
  for (const key of [EXTENSIONS.resource, EXTENSIONS.exampleBodies, EXTENSIONS.exampleAnswer, EXTENSIONS.sorts]) delete operation[key];
}

/** The first clause of the handler's comment is the summary; what follows describes. */
export function splitComment(comment: string): { summary: string; description?: string } {
  const [, first, rest] = /^(.+?)(?:[.;] +(.+))?$/s.exec(comment.trim()) ?? [];
  const summary = (first ?? '').replace(/\.$/, '');
  return rest === undefined ? { summary } : { summary, description: rest[0]!.toUpperCase() + rest.slice(1) };
}

function sentenceOn(scope: string | undefined): string {
  if (scope === undefined) return 'Needs no credential.';
  return scope === ANY_SCOPE ? 'Needs a credential, of whatever scope.' : `Needs the scope \`${scope}\`.`;
}

function describeSuccess(status: string, response: ResponseObject, operation: Operation, method: string): ResponseObject {
  const resource = operation[EXTENSIONS.resource];
  const names = [
    ...(resource?.location === true ? ['Location'] : []),
    ...(resource?.etag === true ? ['ETag'] : []),
    ...(takesIdempotencyKey(method, operation) ? ['Idempotency-Replayed'] : []),
  ];
  return {
    ...response,
    description: response.description === '' ? (STATUS_CODES[status] ?? 'Success') : response.description,
    headers: headersOf(names),
  };
}

function headersOf(names: readonly string[]): NonNullable<ResponseObject['headers']> {
  return Object.fromEntries(names.map((name) => [name, headerOf(name)]));
}

function headerOf(name: string): { $ref: string } {
  return { $ref: `#/components/headers/${name}` };
}
