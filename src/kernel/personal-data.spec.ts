import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withoutPersonalData } from './personal-data.js';

describe('withoutPersonalData', () => {
  it('keeps what is counted, and takes away what was said', () => {
    const message = {
      message_id: 'msg_01k5x6j3q8v4m2n7p9r1s5t6w0', conversation_id: 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', seq: 3, sender: { type: 'visitor', id: 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' },
      type: 'text', content: 'I am Ada', metadata: { age: 36 }, client_msg_no: 'ada-1', created_at: '2026-03-01T09:30:00.000Z', edited_at: null,
    };
    expect(withoutPersonalData(message)).toEqual({ ...message, content: null, metadata: {}, client_msg_no: null });
    expect(withoutPersonalData({ content: { title: 'Ada' }, tags: ['Ada'], changed: ['name'], items: [{ sku: 'x' }], skills: ['billing'], rating: 5, comment: 'Ada', online: true })).toEqual({
      content: {}, tags: [], changed: ['name'], items: [], skills: ['billing'], rating: 5, comment: null, online: true,
    });
  });

  it('leaves nothing of a person in the documented events of visitors, conversations and messages', () => {
    const examples = JSON.parse(readFileSync(new URL('../../docs/event-examples.json', import.meta.url), 'utf8')) as Record<string, { data: unknown }>;
    for (const [event, { data }] of Object.entries(examples)) {
      if (!/^(visitor|conversation|message|ticket)\./.test(event)) continue;
      const left = withoutPersonalData(data);
      expect(JSON.stringify(left)).not.toMatch(/张三|example\.com|customer-471|C-1001|where is my|gold|13800138000/i);
      expect(Object.keys(left as object)).toEqual(Object.keys(data as object));
      expect(withoutPersonalData(left)).toEqual(left);
    }
  });
});
