import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Observable } from 'rxjs';

/** Where a request came from. */
export interface RequestOrigin {
  address: string;
  userAgent: string | null;
  requestId: string;
}

const current = new AsyncLocalStorage<RequestOrigin>();

/** The origin of the request in which this is called; null outside of requests and in routes that are not audited. */
export function requestOrigin(): RequestOrigin | null {
  return current.getStore() ?? null;
}

/** For requests that do not come through a Nest route. */
export function withRequestOrigin<T>(request: Pick<FastifyRequest, 'clientAddress' | 'id' | 'headers'>, work: () => T): T {
  return current.run({ address: request.clientAddress, userAgent: request.headers['user-agent'] ?? null, requestId: request.id }, work);
}

@Injectable()
class OriginInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return new Observable((subscriber) => withRequestOrigin(request, () => next.handle().subscribe(subscriber)));
  }
}

/** What this route does is recorded, with where the request came from. Only such routes pay for keeping that. */
export function Audited(): MethodDecorator & ClassDecorator {
  return UseInterceptors(OriginInterceptor);
}
