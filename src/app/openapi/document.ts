import type {
  OpenAPIObject, OperationObject, ParameterObject, ReferenceObject, RequestBodyObject, ResponseObject, SchemaObject as NestSchemaObject,
} from '@nestjs/swagger';
import type { EXTENSIONS } from '../../platform/http/documentation.js';

type Narrower<T> = Omit<T, 'examples' | 'items' | 'properties' | 'additionalProperties' | 'allOf' | 'anyOf' | 'oneOf'>;

/** A schema of OpenAPI 3.1: JSON Schema, in which a reference may have neighbours. */
export interface Schema extends Narrower<NestSchemaObject>, Partial<ReferenceObject> {
  examples?: unknown[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

export interface Resource {
  location: boolean;
  etag: boolean;
}

/** What decorators have noted of an operation. */
interface Noted {
  [EXTENSIONS.errorCodes]?: string[];
  [EXTENSIONS.requiredScope]?: string;
  [EXTENSIONS.resource]?: Resource;
  [EXTENSIONS.exampleBodies]?: Record<string, object>;
  [EXTENSIONS.exampleAnswer]?: object;
  [EXTENSIONS.sorts]?: string[];
  [EXTENSIONS.maxBodyBytes]?: number;
}

/** An operation as Nest describes it: nothing in it but schemas is behind a reference. */
export interface Operation extends Omit<OperationObject, 'parameters' | 'requestBody' | 'responses'>, Noted {
  parameters: ParameterObject[];
  requestBody?: RequestBodyObject;
  responses: Record<string, ResponseObject>;
}

export interface PlacedOperation {
  path: string;
  method: string;
  operation: Operation;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

export function operationsOf(document: OpenAPIObject): PlacedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({ path, method, operation: item[method] as Operation })),
  );
}

export function schemasOf(document: OpenAPIObject): Record<string, Schema> {
  return (document.components?.schemas ?? {}) as Record<string, Schema>;
}

/** The schema of a body or an answer, of whichever media type it is. */
export function contentSchema(holder: RequestBodyObject | ResponseObject | undefined): Schema | undefined {
  return Object.values(holder?.content ?? {})[0]?.schema as Schema | undefined;
}

export function referredName(schema: Schema): string | undefined {
  return schema.$ref?.slice('#/components/schemas/'.length);
}

export function typesOf(schema: Schema): string[] {
  return schema.type === undefined ? [] : [schema.type].flat();
}

/** The schema itself and all that it is made of, references included as they are. */
export function* partsOf(schema: Schema): Generator<Schema> {
  yield schema;
  const parts = [schema.items, ...Object.values(schema.properties ?? {}), ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  for (const part of parts) if (part !== undefined) yield* partsOf(part);
  if (typeof schema.additionalProperties === 'object') yield* partsOf(schema.additionalProperties);
}
