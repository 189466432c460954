import { ApiExtension } from '@nestjs/swagger';

/** The error codes that an operation can answer beside the general ones; shown in the OpenAPI document. */
export function Throws(...codes: string[]): MethodDecorator {
  return ApiExtension('x-error-codes', codes);
}
