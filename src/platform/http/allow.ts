import { SetMetadata, applyDecorators, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiOAuth2, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../kernel/principal.js';
import { EXTENSIONS } from './documentation.js';

export const SCOPE = 'crossdesk:scope';
export const PUBLIC = 'crossdesk:public';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard once the caller is known. */
    principal?: Principal;
    /** The body as it came; only kept for those that need it (`readJsonBodies`). */
    rawBody?: Buffer;
  }
}

/** Any caller with a credential, whatever its scopes. */
export const ANY_SCOPE = 'any';

/** The scope that a route needs: for the guard and for the OpenAPI document alike. */
export function Allow(scope: string): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(SCOPE, scope),
    ApiSecurity('api_key'),
    ApiBearerAuth('bearer'),
    ApiOAuth2(scope === ANY_SCOPE ? [] : [scope], 'oauth2'),
    ApiSecurity('signature'),
    ApiExtension(EXTENSIONS.requiredScope, scope),
  );
}

/** No credential needed. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(PUBLIC, true));
}

export const UNLIMITED = 'crossdesk:unlimited';

/** A public route that is not counted for any limit: who watches the service must not be refused. */
export function Unlimited(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(UNLIMITED, true));
}

/** The caller. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const principal = context.switchToHttp().getRequest<FastifyRequest>().principal;
  if (principal === undefined) throw new Error('A public route has no caller.');
  return principal;
});
