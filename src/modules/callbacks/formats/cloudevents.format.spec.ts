import { describe, expect, it } from 'vitest';
import type { FormatContext, StoredEvent } from './callback-format.js';
import { CloudEventsFormat } from './cloudevents.format.js';

const format = new CloudEventsFormat('https://desk.example.com');
const event = (over: Partial<StoredEvent> = {}): StoredEvent => ({
  id: 'evt_1', type: 'message.received', occurredAt: Date.parse('2026-03-01T09:30:00.120Z'), dataJson: '{"message_id":"msg_1","conversation_id":"cnv_1","content":"\\u2028 \\"quoted\\""}', ...over,
});
const context = (options: object = {}): FormatContext => ({
  organizationId: 'org_1', url: 'https://receiver.example.com/', options: { ...options }, attemptAt: 0, sign: (id, body) => ({ 'webhook-id': id, 'webhook-signature': `of ${body.length} characters` }),
});

describe('CloudEvents', () => {
  it('are events with the attributes of 1.0 in structured mode', () => {
    const { body, headers, url } = format.build(event(), context());
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0', id: 'evt_1', source: 'https://desk.example.com/organizations/org_1', type: 'message.received', subject: 'msg_1', time: '2026-03-01T09:30:00.120Z',
      datacontenttype: 'application/json', data: { message_id: 'msg_1', conversation_id: 'cnv_1', content: '\u2028 "quoted"' },
    });
    expect(headers).toEqual({ 'content-type': 'application/cloudevents+json', 'webhook-id': 'evt_1', 'webhook-signature': `of ${body.length} characters` });
    expect(url).toBeUndefined();
  });

  it.each([
    ['conversation.closed', '{"conversation_id":"cnv_1"}', 'cnv_1'],
    ['callback.exhausted', '{"callback_id":"cbk_1","event_id":"evt_2"}', 'cbk_1'],
    ['visitor.created', '{}', undefined],
    ['visitor.created', '{"visitor_id":7}', undefined],
    ['visitor.created', '{"visitor_id":""}', undefined],
  ])('have the id of what %s with %s is about for a subject', (type, dataJson, subject) => {
    expect(JSON.parse(format.build(event({ type, dataJson }), context()).body).subject).toBe(subject);
  });

  it('have a prefix before the type where one is asked for', () => {
    expect(JSON.parse(format.build(event(), context({ type_prefix: 'com.example.desk.' })).body).type).toBe('com.example.desk.message.received');
  });

  it('in a batch are a list with one signature under the id of the batch', () => {
    const { body, headers } = format.buildBatch('bat_1', [event(), event({ id: 'evt_2' })], context());
    expect(JSON.parse(body)).toEqual([event(), event({ id: 'evt_2' })].map((one) => JSON.parse(format.build(one, context()).body)));
    expect(headers).toEqual({ 'content-type': 'application/cloudevents-batch+json', 'webhook-id': 'bat_1', 'webhook-signature': `of ${body.length} characters` });
  });

  it.each([
    [{}, []], [{ type_prefix: 'com.example.' }, []], [{ type_prefix: 'a.' }, []],
    [{ type_prefix: 'com.example' }, ['type_prefix']], [{ type_prefix: '' }, ['type_prefix']], [{ type_prefix: 'Com.' }, ['type_prefix']], [{ type_prefix: '"},' }, ['type_prefix']],
    [{ type_prefix: 7 }, ['type_prefix']], [{ type_prefix: null }, ['type_prefix']], [{ type_prefix: `${'a'.repeat(60)}.${'b'.repeat(60)}.` }, ['type_prefix']],
    [{ prefix: 'com.' }, ['prefix']], [{ constructor: 1, type_prefix: 1 }, ['constructor', 'type_prefix']],
  ])('find with the options %j fault with %j', (options, fields) => {
    expect(format.faultsOf(options).map(({ field }) => field)).toEqual(fields);
  });

  it.each([[200, 'delivered'], [204, 'delivered'], [299, 'delivered'], [199, 'failed'], [301, 'failed'], [404, 'failed'], [410, 'gone'], [500, 'failed']])('take %i for %s', (status, kind) => {
    expect(format.judge(status)).toEqual({ kind });
  });
});
