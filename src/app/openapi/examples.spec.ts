import { describe, expect, it } from 'vitest';
import type { Schema } from './document.js';
import { exampleOf, examplePath } from './examples.js';

const schemas: Record<string, Schema> = {
  Sender: { type: 'object', properties: { type: { type: 'string', examples: ['visitor'] }, id: { type: ['string', 'null'] } }, required: ['type', 'id'] },
  Message: {
    type: 'object',
    properties: {
      id: { type: 'string', examples: ['msg_1'] },
      sender: { allOf: [{ $ref: '#/components/schemas/Sender' }] },
      origin: { anyOf: [{ $ref: '#/components/schemas/Sender' }, { type: 'null' }] },
      content: { oneOf: [{ type: 'string' }, { type: 'object' }], examples: ['Hello'] },
      total: { type: 'integer', examples: [1] },
      unknown: { type: 'string' },
    },
    required: ['id', 'sender', 'origin', 'content'],
  },
  Page: { type: 'object', properties: { data: { type: 'array', items: { $ref: '#/components/schemas/Message' } }, next_cursor: { type: ['string', 'null'] } }, required: ['data', 'next_cursor'] },
};

describe('exampleOf', () => {
  it('makes an answer of the fields that are always there', () => {
    const sender = { type: 'visitor', id: null };
    expect(exampleOf(schemas, { $ref: '#/components/schemas/Page' }, 'required')).toEqual({
      data: [{ id: 'msg_1', sender, origin: sender, content: 'Hello' }],
      next_cursor: null,
    });
  });

  it('makes a request of all fields that have an example', () => {
    expect(exampleOf(schemas, { $ref: '#/components/schemas/Message' }, 'all')).toMatchObject({ id: 'msg_1', total: 1 });
    expect(exampleOf(schemas, { $ref: '#/components/schemas/Message' }, 'all')).not.toHaveProperty('unknown');
  });
});

describe('examplePath', () => {
  it('puts the examples of parameters in their places', () => {
    const parameters = [{ name: 'id', in: 'path' as const, example: 'cbk_1' }, { name: 'delivery_id', in: 'path' as const, example: 'dlv_1' }];
    expect(examplePath('/callbacks/{id}/deliveries/{delivery_id}', parameters)).toBe('/callbacks/cbk_1/deliveries/dlv_1');
  });
});
