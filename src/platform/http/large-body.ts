import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { EXTENSIONS } from './documentation.js';
import { AddRouteConfig } from './route-config.js';

const LARGE_BODY_BYTES = 8 * 1024 * 1024;

/** A route that takes many things at once: its body may be 8 MiB, in place of 1 MiB. */
export function LargeBody(): MethodDecorator {
  return applyDecorators(AddRouteConfig({ largeBody: true }), ApiExtension(EXTENSIONS.maxBodyBytes, LARGE_BODY_BYTES));
}

/** Must be called before the routes are made. */
export function allowLargeBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if ((route.config as { largeBody?: boolean } | undefined)?.largeBody === true) route.bodyLimit = LARGE_BODY_BYTES;
  });
}
