import { ApiExtension } from '@nestjs/swagger';
import { EXTENSIONS } from './documentation.js';

/**
 * The error codes that an operation can answer beside the general ones; shown in the OpenAPI document.
 * What each means and its status are in src/app/openapi/error-codes.ts.
 */
export function Throws(...codes: string[]): MethodDecorator {
  return ApiExtension(EXTENSIONS.errorCodes, codes);
}
