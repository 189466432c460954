import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/* The served OpenAPI document, as a reader without knowledge of the code sees it. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  examples?: unknown[];
  enum?: unknown[];
  [keyword: string]: unknown;
}

export interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

export interface ResponseObject {
  description: string;
  headers: Record<string, { $ref: string }>;
  content?: Record<string, Media>;
}

export interface Parameter {
  name: string;
  in: string;
  required: boolean;
  description?: string;
  example?: unknown;
  schema: Schema;
}

export interface Operation {
  path: string;
  method: string;
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, ResponseObject>;
  security: Record<string, string[]>[];
  'x-required-scope'?: string;
  'x-error-codes': string[];
}

export interface Document {
  openapi: string;
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Omit<Operation, 'path' | 'method'>>>;
  components: { schemas: Record<string, Schema>; headers: Record<string, { required?: boolean; schema: Schema }> };
}

export async function fetchDocument(url: string): Promise<Document> {
  const response = await fetch(`${url}/docs-json`);
  if (response.status !== 200) throw new Error(`/docs-json answered ${response.status}`);
  return (await response.json()) as Document;
}

export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })));
}

export function nameOf({ method, path }: Pick<Operation, 'method' | 'path'>): string {
  return `${method.toUpperCase()} ${path}`;
}

/** The one media type of a body or an answer. */
export function mediaOf(holder: { content?: Record<string, Media> } | undefined): Media | undefined {
  return Object.values(holder?.content ?? {})[0];
}

export function examplesOf(media: Media | undefined): unknown[] {
  if (media === undefined) return [];
  return media.examples === undefined ? [media.example] : Object.values(media.examples).map(({ value }) => value);
}

/** Says what is wrong with a value, null when nothing is. */
export function schemaChecker(document: Document): (schema: Schema, value: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  // Ajv has no opinion on it: any text is a password.
  ajv.addFormat('password', true);
  ajv.addSchema({ $id: 'document', components: document.components });
  const compiled = new Map<string, ValidateFunction>();
  return (schema, value) => {
    const rooted = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    const validate = compiled.get(rooted) ?? ajv.compile(JSON.parse(rooted) as Schema);
    compiled.set(rooted, validate);
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
}
