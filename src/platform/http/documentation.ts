import { ApiExtension } from '@nestjs/swagger';

/** Under these keys decorators tell the OpenAPI document what Nest cannot read by itself; src/app/openapi works it in. */
export const EXTENSIONS = {
  errorCodes: 'x-error-codes',
  requiredScope: 'x-required-scope',
  resource: 'x-answers-resource',
  exampleBodies: 'x-example-bodies',
  exampleAnswer: 'x-example-answer',
  sorts: 'x-sorts',
  maxBodyBytes: 'x-max-body-bytes',
} as const;

/**
 * Bodies to show, by name; the first is what "Try it out" begins with. Without this the body shown is that of all
 * fields' own examples.
 */
export function ExampleBodies(bodies: Record<string, object>): MethodDecorator {
  return ApiExtension(EXTENSIONS.exampleBodies, bodies);
}

/** Where this operation's answer differs from the fields' own examples. */
export function ExampleAnswer(differences: object): MethodDecorator {
  return ApiExtension(EXTENSIONS.exampleAnswer, differences);
}

/** What a list takes as `sort`, the default first. */
export function SortsBy(...sorts: string[]): MethodDecorator {
  return ApiExtension(EXTENSIONS.sorts, sorts);
}
