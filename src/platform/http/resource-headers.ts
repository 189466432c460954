import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { EXTENSIONS } from './documentation.js';
import { etagOf } from './etag.js';
import { AddRouteConfig } from './route-config.js';

interface ResourceConfig {
  /** Path under which the answered resource is found by its id; `:name` stands for a parameter of the request's path. */
  location?: string;
  /** The field that is its id in that path; `id` when absent. */
  idField?: string;
  etagFields?: readonly string[];
}

/** The answer is one resource: gives it an `ETag` over these fields, and where it was created a `Location`. */
export function AnswersResource(config: ResourceConfig): MethodDecorator {
  const documented = { location: config.location !== undefined, etag: config.etagFields !== undefined };
  return applyDecorators(AddRouteConfig({ resource: config }), ApiExtension(EXTENSIONS.resource, documented));
}

export function addResourceHeaders(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (request, reply, payload, done) => {
    const { resource } = request.routeOptions.config as { resource?: ResourceConfig };
    if (resource !== undefined && reply.statusCode < 300 && typeof payload === 'object' && payload !== null) {
      const body = payload as Record<string, unknown>;
      const id = body[resource.idField ?? 'id'];
      if (resource.location !== undefined && typeof id === 'string') reply.header('location', `${filledIn(resource.location, request.params)}/${encodeURIComponent(id)}`);
      if (resource.etagFields !== undefined) reply.header('etag', etagOf(body, resource.etagFields));
    }
    done(null, payload);
  });
}

function filledIn(path: string, parameters: unknown): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent((parameters as Record<string, string>)[name] ?? ''));
}
