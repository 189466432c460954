import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Config } from '../platform/config/config.js';
import { completeDocument } from './openapi/complete-document.js';
import { DESCRIPTION, TAGS } from './openapi/components.js';
import { oauthScheme } from './openapi/oauth-scheme.js';

export function buildOpenApi(app: NestFastifyApplication, config: Config): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('crossdesk')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addServer(config.values.PUBLIC_URL ?? '/')
    .addApiKey({ type: 'apiKey', name: 'X-API-Key', in: 'header', description: 'An API key, `cdk_…`' }, 'api_key')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token from `POST /api/v1/auth/login`' }, 'bearer')
    .addOAuth2(oauthScheme(config), 'oauth2')
    .addApiKey({ type: 'apiKey', name: 'Signature-Input', in: 'header', description: 'An HTTP message signature (RFC 9421) by a signing key of an application, with `Signature` and, where there is a body, `Content-Digest` (RFC 9530)' }, 'signature')
    .build();
  const scanned = SwaggerModule.createDocument(app, settings, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const license = { name: 'MIT', identifier: 'MIT' };
  const { title, description, version } = settings.info;
  return completeDocument({ ...scanned, info: { title, description, version, license }, tags: TAGS });
}

/** The document at /docs-json, and Swagger UI at /docs. Made at the first request, so that the start does not wait for it. */
export function serveOpenApi(app: NestFastifyApplication, config: Config): void {
  SwaggerModule.setup('docs', app, () => buildOpenApi(app, config), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'crossdesk API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // The badge of an outside validator would tell it the address of every reader's service.
      validatorUrl: null,
    },
  });
}
