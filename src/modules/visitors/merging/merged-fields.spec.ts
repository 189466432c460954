import { describe, expect, it } from 'vitest';
import type { VisitorEntity } from '../visitor.entity.js';
import { mergedFields, NOTHING_KNOWN } from './merged-fields.js';

const visitor = (over: Partial<VisitorEntity>): VisitorEntity => ({
  ...NOTHING_KNOWN, id: 'vis_1', organization_id: 'org_1', online: false, last_seen_at: null, merged_into: null, erased_at: null, created_at: 1, updated_at: 1, ...over,
});

describe('mergedFields', () => {
  it('fills what is missing, and keeps what is there', () => {
    expect(mergedFields(visitor({ name: 'Ada', email: null, external_id: 'a' }), visitor({ name: 'Countess', email: 'ada@example.com', external_id: 'b' }))).toMatchObject({
      name: 'Ada', email: 'ada@example.com', external_id: 'a', mobile: null,
    });
  });

  it('joins tags and metadata, its own before the others', () => {
    const fields = mergedFields(visitor({ tags: ['vip', 'a'], metadata: { plan: 'gold' } }), visitor({ tags: ['a', 'new'], metadata: { plan: 'free', age: 36 } }));
    expect(fields).toMatchObject({ tags: ['vip', 'a', 'new'], metadata: { plan: 'gold', age: 36 } });
  });

  it('makes no visitor larger than one may be', () => {
    const many = (prefix: string): string[] => Array.from({ length: 80 }, (_, index) => `${prefix}${index}`);
    expect(mergedFields(visitor({ tags: many('a') }), visitor({ tags: many('b') })).tags).toEqual([...many('a'), ...many('b').slice(0, 20)]);
    const large = { x: 'x'.repeat(10_000) };
    expect(mergedFields(visitor({ metadata: large }), visitor({ metadata: { y: 'y'.repeat(10_000) } })).metadata).toEqual(large);
  });

  it('is online when one of them is, and was there when the later one was', () => {
    expect(mergedFields(visitor({ last_seen_at: 5 }), visitor({ online: true, last_seen_at: 9 }))).toMatchObject({ online: true, last_seen_at: 9 });
    expect(mergedFields(visitor({ last_seen_at: 5 }), visitor({}))).toMatchObject({ online: false, last_seen_at: 5 });
    expect(mergedFields(visitor({}), visitor({ last_seen_at: 9 }))).toMatchObject({ last_seen_at: 9 });
  });
});
