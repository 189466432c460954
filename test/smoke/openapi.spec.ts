import { Validator } from '@seriousme/openapi-schema-validator';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBuiltServer } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';
import { examplesOf, fetchDocument, mediaOf, nameOf, operationsOf, schemaChecker } from '../support/openapi-document.js';
import type { Document, Operation, Schema } from '../support/openapi-document.js';

const KEPT_COPY = new URL('../../docs/openapi.json', import.meta.url);
const PUBLIC_OPERATIONS = ['GET /health/live', 'GET /health/ready', 'GET /metrics', 'POST /api/v1/auth/login', 'POST /api/v1/auth/refresh'];

/** The plugin that reads the DTO classes works in the build only, so it is the build that is looked at. */
describe('the OpenAPI document of the built server', () => {
  let server: BuiltServer;
  let document: Document;
  let operations: Operation[];

  beforeAll(async () => {
    server = await startBuiltServer({ ROLES: 'api' });
    document = await fetchDocument(server.url);
    operations = operationsOf(document);
  }, 60_000);

  afterAll(() => server?.stop());

  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(await new Validator().validate({ ...structuredClone(document) })).toEqual({ valid: true });
    expect(JSON.stringify(document)).not.toMatch(/"nullable"|"x-(answers-resource|example-bodies|example-answer|sorts)"/);
  });

  it('is the one in docs/openapi.json: npm run docs:openapi writes it', () => {
    expect(document).toEqual(JSON.parse(readFileSync(KEPT_COPY, 'utf8')));
  });

  it('says of each operation what it does and what it takes to call it', () => {
    const described = new Set(document.tags.map(({ name }) => name));
    for (const operation of operations) {
      const name = nameOf(operation);
      expect(operation.summary, name).toMatch(/^[A-Z].+[^.]$/);
      expect(operation.description, name).toMatch(/^[A-Z`].+\.$/s);
      expect(operation.tags.filter((tag) => !described.has(tag)), name).toEqual([]);
      expect(operation.tags, name).toHaveLength(1);
      const scope = operation['x-required-scope'];
      const oauth2 = scope === 'any' ? [] : [scope];
      expect(operation.security, name).toEqual(scope === undefined ? [] : [{ api_key: [] }, { bearer: [] }, { oauth2 }, { signature: [] }]);
    }
    expect(operations.filter(({ security }) => security.length === 0).map(nameOf).toSorted()).toEqual(PUBLIC_OPERATIONS);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it('knows all methods of its paths', async () => {
    for (const path of Object.keys(document.paths)) {
      const answer = await server.api.send('OPTIONS', `/${path.replaceAll(/\{\w+\}/g, 'x')}`);
      const methods = (answer.headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD' && method !== '');
      // Also those of what takes the last word of the path for an id.
      const fitting = Object.keys(document.paths).filter((pattern) => new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/{}]+')}$`).test(path) || pattern === path);
      const known = fitting.flatMap((pattern) => Object.keys(document.paths[pattern]!)).map((method) => method.toUpperCase());
      expect(methods, path).toEqual([...new Set(known)].toSorted());
    }
  });

  it('gives each field a type and an example, so that the examples of whole bodies are whole', () => {
    const lacking: string[] = [];
    const look = (schema: Schema, where: string): void => {
      const { properties = {}, ...itself } = schema;
      for (const [name, field] of Object.entries(properties)) {
        const types = [field.type].flat();
        const made = [field.$ref, field.allOf, field.anyOf, field.properties].some((part) => part !== undefined);
        const ofObjects = types.includes('array') && field.items?.$ref !== undefined;
        if (!made && !ofObjects && field.examples === undefined && !types.includes('null')) lacking.push(`${where}.${name}`);
        if (!made && field.type === undefined && field.enum === undefined && field.oneOf === undefined) lacking.push(`${where}.${name} (type)`);
        look(field, `${where}.${name}`);
      }
      expect(itself.type, where).not.toBe('number');
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) look(schema, name);
    expect(lacking).toEqual([]);
  });

  it('shows a request and each successful answer, and its schemas accept what it shows', () => {
    const check = schemaChecker(document);
    const wrong: string[] = [];
    const accept = (schema: Schema, value: unknown, where: string): void => {
      const problem = value === undefined ? 'no example' : check(schema, value);
      if (problem !== null) wrong.push(`${where}: ${problem}`);
    };
    for (const operation of operations) {
      const name = nameOf(operation);
      for (const parameter of operation.parameters) {
        accept(parameter.schema, parameter.example ?? parameter.schema.examples?.[0] ?? parameter.schema.enum?.[0], `${name} ${parameter.name}`);
      }
      for (const [index, example] of examplesOf(mediaOf(operation.requestBody)).entries()) accept(mediaOf(operation.requestBody)!.schema, example, `${name} body ${index}`);
      for (const [status, response] of Object.entries(operation.responses)) {
        const examples = examplesOf(mediaOf(response));
        if (examples.length === 0 && status !== '204') wrong.push(`${name} ${status}: no example`);
        for (const example of examples) accept(mediaOf(response)!.schema, example, `${name} ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('lets only parameters without a value of their own into Try it out, beside those of the address', () => {
    for (const { parameters } of operations) {
      for (const { name, in: place, required, example } of parameters) {
        if (place !== 'query') expect(required, name).toBe(place === 'path');
        expect(example !== undefined, name).toBe(place === 'path');
      }
    }
  });

  it('shows every error with a code of its own, under the status of that code', () => {
    const needed = (operation: Operation): string[] => [
      ...(operation.path.startsWith('/api/') ? ['429', '500', '503'] : []),
      ...(operation.requestBody === undefined ? [] : ['400', '413', '415', '422']),
      ...(operation.parameters.some((parameter) => parameter.in === 'query') ? ['422'] : []),
      ...(operation.security.length === 0 ? [] : ['401']),
      ...([undefined, 'any'].includes(operation['x-required-scope']) ? [] : ['403']),
      ...(operation.path.includes('{') ? ['404'] : []),
      ...(operation.parameters.some(({ name }) => name === 'Idempotency-Key') ? ['409', '422'] : []),
      ...(operation.parameters.some(({ name }) => name === 'If-Match') ? ['412'] : []),
    ];
    for (const operation of operations) {
      const name = nameOf(operation);
      if (operation.requestBody !== undefined) expect(operation.responses['413']!.description, name).toContain(`larger than ${'x-max-body-bytes' in operation ? 8 : 1} MiB:`);
      const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
      expect(errors.map(([status]) => status), name).toEqual(expect.arrayContaining(needed(operation)));
      const codes = errors.flatMap(([status, response]) => {
        expect(Object.keys(response.content!), name).toEqual(['application/problem+json']);
        const { schema, examples } = response.content!['application/problem+json']!;
        expect(schema, name).toEqual({ $ref: '#/components/schemas/Problem' });
        for (const [code, { value }] of Object.entries(examples!)) {
          expect(value, name).toMatchObject({ status: Number(status), code, type: `urn:crossdesk:problem:${code}` });
          expect(response.description, name).toContain(`\`${code}\``);
        }
        return Object.keys(examples!);
      });
      expect(codes.toSorted(), name).toEqual(operation['x-error-codes'].toSorted());
    }
  });

  it('names the headers of each answer', () => {
    for (const operation of operations) {
      const hasKey = operation.parameters.some(({ name }) => name === 'Idempotency-Key');
      expect(hasKey, nameOf(operation)).toBe(operation.method === 'post' && operation.security.length > 0);
      for (const [status, { headers }] of Object.entries(operation.responses)) {
        const needed = [
          'X-Request-Id',
          // A token, and what is a line in a list, has no place of its own.
          ...(status === '201' && !/\/(token|tracks)$/.test(operation.path) ? ['Location'] : []),
          ...(status === '401' ? ['WWW-Authenticate'] : []),
          ...(status === '429' || status === '503' ? ['Retry-After'] : []),
          ...(operation.path.startsWith('/api/') ? ['RateLimit', 'RateLimit-Policy'] : []),
          ...(hasKey && Number(status) < 300 ? ['Idempotency-Replayed'] : []),
        ];
        expect(Object.keys(headers), `${nameOf(operation)} ${status}`).toEqual(expect.arrayContaining(needed));
      }
    }
  });
});
