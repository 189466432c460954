import type { OpenAPIObject } from '@nestjs/swagger';
import { contentSchema, operationsOf, partsOf, referredName, schemasOf, typesOf } from './document.js';
import type { Schema } from './document.js';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Says of every schema what TypeScript's types cannot: which numbers are whole, which texts are instants or addresses. */
export function refineSchemas(document: OpenAPIObject): void {
  for (const schema of Object.values(schemasOf(document))) refineSchema(schema);
  for (const { operation } of operationsOf(document)) {
    for (const { name, schema } of operation.parameters) refineSchema(schema as Schema, name);
    for (const holder of [operation.requestBody, ...Object.values(operation.responses)]) {
      const schema = contentSchema(holder);
      if (schema !== undefined) refineSchema(schema);
    }
  }
  closeRequests(document);
  orderEnums(document);
}

export function refineSchema(schema: Schema, name = ''): void {
  const example: unknown = schema.example ?? schema.examples?.[0];
  const isInstant = typeof example === 'string' && INSTANT.test(example);
  // The plugin reads the type after the text was read, and an instant is read into Unix milliseconds.
  if (isInstant) replaceType(schema, 'number', 'string');
  // Money is a decimal string, so numbers are counts; one that may have a fraction shows it in its example.
  if (!hasFraction(example)) replaceType(schema, 'number', 'integer');
  if (typesOf(schema).includes('string') && schema.enum === undefined) {
    const format = isInstant || name.endsWith('_at') ? 'date-time' : formatOf(name);
    if (format !== undefined) schema.format ??= format;
  }
  if ('example' in schema) {
    schema.examples = [schema.example];
    delete schema.example;
  }
  for (const [property, part] of Object.entries(schema.properties ?? {})) refineSchema(part, property);
  // What carries @ApiProperty comes first otherwise.
  if (schema.properties?.['id'] !== undefined) schema.properties = { id: schema.properties['id'], ...schema.properties };
  for (const part of [schema.items, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    if (part !== undefined) refineSchema(part);
  }
}

function formatOf(name: string): string | undefined {
  if (name === 'url' || name.endsWith('_url')) return 'uri';
  return name === 'password' ? 'password' : undefined;
}

function hasFraction(example: unknown): boolean {
  return typeof example === 'number' && !Number.isInteger(example);
}

function replaceType(schema: Schema, from: string, to: string): void {
  if (schema.type === undefined) return;
  const types = typesOf(schema).map((type) => (type === from ? to : type));
  schema.type = types.length === 1 ? types[0] : types;
}

/** Requests with unknown fields are refused; answers may gain fields within v1. */
function closeRequests(document: OpenAPIObject): void {
  const schemas = schemasOf(document);
  for (const name of requestSchemas(document)) {
    const schema = schemas[name]!;
    if (schema.properties !== undefined) schema.additionalProperties ??= false;
  }
}

function requestSchemas(document: OpenAPIObject): Set<string> {
  const schemas = schemasOf(document);
  const found = new Set<string>();
  const look = (schema: Schema): void => {
    for (const part of partsOf(schema)) {
      const name = referredName(part);
      if (name === undefined || found.has(name)) continue;
      found.add(name);
      look(schemas[name]!);
    }
  };
  for (const { operation } of operationsOf(document)) {
    const schema = contentSchema(operation.requestBody);
    if (schema !== undefined) look(schema);
  }
  return found;
}

/**
 * The compiler forgets in which order a union was written. Values that a request takes have the order of their
 * validator; an answer with the same values follows it, and others are sorted.
 */
function orderEnums(document: OpenAPIObject): void {
  const schemas = schemasOf(document);
  const requests = requestSchemas(document);
  const orders = new Map<string, unknown[]>();
  const note = (schema: Schema): void => {
    for (const { enum: values } of partsOf(schema)) if (values !== undefined) orders.set(keyOf(values), values);
  };
  for (const name of requests) note(schemas[name]!);
  for (const { operation } of operationsOf(document)) for (const { schema } of operation.parameters) note(schema as Schema);
  for (const [name, schema] of Object.entries(schemas)) {
    if (requests.has(name)) continue;
    for (const part of partsOf(schema)) {
      if (part.enum !== undefined) part.enum = [...(orders.get(keyOf(part.enum)) ?? sorted(part.enum))];
    }
  }
}

function keyOf(values: unknown[]): string {
  return JSON.stringify(sorted(values));
}

function sorted(values: unknown[]): unknown[] {
  return values.toSorted((a, b) => String(a).localeCompare(String(b), 'en'));
}
