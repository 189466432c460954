import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/internal.js';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { validate } from './validation.pipe.js';

/** What a route without fields takes. */
class Nothing {}

/** The pipe refuses unknown fields where a route knows some; this refuses them where it knows none. */
@Injectable()
export class NoBodyInterceptor implements NestInterceptor {
  private readonly takesBody = new WeakMap<Function, boolean>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') {
      const { body } = context.switchToHttp().getRequest<FastifyRequest>();
      if (body !== undefined && !this.reads(context)) validate(Nothing, body);
    }
    return next.handle();
  }

  private reads(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const known = this.takesBody.get(handler);
    if (known !== undefined) return known;
    const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) ?? {}) as object;
    const reads = Object.keys(parameters).some((key) => key.startsWith(`${RouteParamtypes.BODY}:`));
    this.takesBody.set(handler, reads);
    return reads;
  }
}
