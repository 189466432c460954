import type { OpenAPIObject, ParameterObject } from '@nestjs/swagger';
import { EXTENSIONS } from '../../platform/http/documentation.js';
import { contentSchema, operationsOf, referredName, schemasOf, typesOf } from './document.js';
import type { Operation, PlacedOperation, Schema } from './document.js';

/** Which fields an example shows: all that have one, or those that are always there. */
type Extent = 'all' | 'required';

/** The example of a schema, made of its fields' own; undefined where nothing in it has one. */
export function exampleOf(schemas: Record<string, Schema>, schema: Schema, extent: Extent): unknown {
  if (schema.examples !== undefined) return schema.examples[0];
  const name = referredName(schema);
  if (name !== undefined) return exampleOf(schemas, schemas[name]!, extent);
  const [part] = schema.allOf ?? schema.oneOf ?? schema.anyOf ?? [];
  if (part !== undefined) return exampleOf(schemas, part, extent);
  const types = typesOf(schema);
  if (types.includes('null')) return null;
  if (schema.properties !== undefined) return exampleObject(schemas, schema, extent);
  if (types.includes('array') && schema.items !== undefined) {
    const item = exampleOf(schemas, schema.items, extent);
    return item === undefined ? undefined : [item];
  }
  return undefined;
}

function exampleObject(schemas: Record<string, Schema>, schema: Schema, extent: Extent): Record<string, unknown> {
  const names = Object.keys(schema.properties!).filter((name) => extent === 'all' || schema.required?.includes(name) === true);
  const fields = names.map((name) => [name, exampleOf(schemas, schema.properties![name]!, extent)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** Gives bodies and successful answers their examples. */
export function addExamples(document: OpenAPIObject, operation: Operation): void {
  const schemas = schemasOf(document);
  const bodySchema = contentSchema(operation.requestBody);
  if (bodySchema !== undefined) {
    const media = Object.values(operation.requestBody!.content)[0]!;
    const bodies = operation[EXTENSIONS.exampleBodies];
    if (bodies === undefined) media.example = exampleOf(schemas, bodySchema, 'all');
    else media.examples = Object.fromEntries(Object.entries(bodies).map(([summary, value]) => [slug(summary), { summary, value }]));
  }
  for (const response of Object.values(operation.responses)) {
    const media = Object.values(response.content ?? {})[0];
    if (media?.schema === undefined || media.example !== undefined) continue;
    const example = exampleOf(schemas, media.schema as Schema, 'required');
    const differences = operation[EXTENSIONS.exampleAnswer];
    media.example = differences === undefined ? example : { ...(example as object), ...differences };
  }
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

/** An id in a path is shown as the list that it is taken from shows it. */
export function describePathParameters(document: OpenAPIObject, { path, operation }: PlacedOperation): void {
  for (const parameter of operation.parameters) {
    if (parameter.in !== 'path') continue;
    const collection = path.slice(0, path.indexOf(`/{${parameter.name}}`));
    const { field, example } = exampleId(document, collection, parameter.name);
    parameter.description ??= `${field === 'id' ? 'An' : 'A'} \`${field}\` that \`GET ${collection}\` lists`;
    parameter.example ??= example;
  }
}

/** A list names its items by the parameter's own name where they have such a field, as those of outside systems do. */
function exampleId(document: OpenAPIObject, collection: string, parameter: string): { field: string; example: unknown } {
  const list = operationsOf(document).find(({ path, method }) => path === collection && method === 'get');
  const schema = contentSchema(list?.operation.responses['200']);
  const page = (schema === undefined ? {} : exampleOf(schemasOf(document), schema, 'required')) as { data?: Record<string, unknown>[] };
  const item = page.data?.[0] ?? {};
  const field = parameter in item ? parameter : 'id';
  return { field, example: item[field] };
}

/** The path with its parameters' examples in place. */
export function examplePath(path: string, parameters: readonly ParameterObject[]): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters.find((parameter) => parameter.name === name)?.example));
}
