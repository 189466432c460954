import type { OpenAPIObject } from '@nestjs/swagger';
import { describe, expect, it } from 'vitest';
import type { Schema } from './document.js';
import { refineSchema, refineSchemas } from './schemas.js';

function refined(schema: Schema, name?: string): Schema {
  refineSchema(schema, name);
  return schema;
}

describe('refineSchema', () => {
  it('takes numbers for whole ones, unless the example has a fraction', () => {
    expect(refined({ type: 'number', example: 10 })).toEqual({ type: 'integer', examples: [10] });
    expect(refined({ type: ['number', 'null'] })).toEqual({ type: ['integer', 'null'] });
    expect(refined({ type: 'number', example: 4.5 })).toEqual({ type: 'number', examples: [4.5] });
    expect(refined({ type: 'array', items: { type: 'number' } })).toEqual({ type: 'array', items: { type: 'integer' } });
  });

  it('knows instants by their name or example, also where they are read into a number', () => {
    expect(refined({ type: ['string', 'null'] }, 'closed_at')).toEqual({ type: ['string', 'null'], format: 'date-time' });
    expect(refined({ type: 'number', example: '2026-03-01T09:30:00Z' }, 'since')).toEqual({
      type: 'string', format: 'date-time', examples: ['2026-03-01T09:30:00Z'],
    });
    expect(refined({ type: 'string', example: '2026' }, 'year')).toEqual({ type: 'string', examples: ['2026'] });
  });

  it('knows addresses and passwords by their name', () => {
    expect(refined({ type: 'object', properties: { avatar_url: { type: 'string' }, url: { type: 'string' }, password: { type: 'string' }, hourly: { type: 'string' } } }).properties).toEqual({
      avatar_url: { type: 'string', format: 'uri' }, url: { type: 'string', format: 'uri' }, password: { type: 'string', format: 'password' }, hourly: { type: 'string' },
    });
  });

  it('leaves a format alone that is there', () => {
    expect(refined({ type: 'string', format: 'email' }, 'reply_url').format).toBe('email');
  });
});

describe('refineSchemas', () => {
  const document = (): OpenAPIObject =>
    ({
      paths: {
        '/things': {
          post: {
            parameters: [],
            requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/NewThing' } } } },
            responses: { 201: { description: '', content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } } },
          },
        },
      },
      components: {
        schemas: {
          NewThing: { type: 'object', properties: { size: { type: 'string', enum: ['small', 'large'] }, part: { allOf: [{ $ref: '#/components/schemas/Part' }] }, free: { type: 'object', additionalProperties: true } } },
          Part: { type: 'object', properties: { name: { type: 'string' } } },
          Thing: { type: 'object', properties: { size: { type: 'string', enum: ['large', 'small'] }, state: { type: 'string', enum: ['on', 'off'] } } },
        },
      },
    }) as unknown as OpenAPIObject;

  it('closes what a request is made of, and leaves answers open', () => {
    const refinedDocument = document();
    refineSchemas(refinedDocument);
    const { NewThing, Part, Thing } = refinedDocument.components!.schemas as Record<string, Schema>;
    expect([NewThing!.additionalProperties, Part!.additionalProperties, Thing!.additionalProperties]).toEqual([false, false, undefined]);
    expect(NewThing!.properties!['free']).toEqual({ type: 'object', additionalProperties: true });
  });

  it('gives the values of an answer the order that the request has, and sorts others', () => {
    const refinedDocument = document();
    refineSchemas(refinedDocument);
    const { properties } = (refinedDocument.components!.schemas as Record<string, Schema>)['Thing']!;
    expect([properties!['size']!.enum, properties!['state']!.enum]).toEqual([['small', 'large'], ['off', 'on']]);
  });
});
