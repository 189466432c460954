import { describe, expect, it } from 'vitest';
import { endOf, searchTerms, searchWords } from './search-terms.js';

const finds = (query: string, ...texts: (string | null)[]): boolean => {
  const terms = searchTerms(texts);
  return searchWords(query).every((word) => terms.some((term) => term >= word && term < endOf(word)));
};

describe('search terms', () => {
  it.each([
    ['zhang', ['Zhang San']],
    ['san', ['Zhang San']],
    ['ZHANG SAN', ['Zhang San']],
    ['san zhang', ['Zhang San']],
    ['zhang 4711', ['Zhang San', 'customer-4711']],
    ['zhang.san@ex', ['Zhang.San@example.com']],
    ['example.com', ['zhang@example.com']],
    ['张', ['张三']],
    ['三', ['张三']],
    ['san', ['张san']],
    ['ＺＨＡＮＧ', ['zhang']],
    ['1380013', ['13800138000']],
    ['8000', ['13800138000']],
    ['138-0013-8000', ['13800138000']],
    ['13800138000', ['+86 138 0013 8000']],
    ['o’b', ['O’Brien']],
    ['😀', ['😀 smile']],
  ])('find %j in %j', (query, texts) => {
    expect(finds(query, ...texts)).toBe(true);
  });

  it.each([
    ['hang', ['Zhang San']],
    ['zhang li', ['Zhang San']],
    ['000', ['13800138000']],
    ['四', ['张三']],
    ['xample.com', ['zhang@example.com']],
  ])('do not find %j in %j', (query, texts) => {
    expect(finds(query, ...texts)).toBe(false);
  });

  it('are bounded however long a text is, and none for no text', () => {
    const terms = searchTerms(['张'.repeat(200), '7'.repeat(40), null, '']);
    expect(terms.length).toBeLessThan(60);
    for (const term of terms) expect([...term].length).toBeLessThanOrEqual(100);
    expect(searchTerms([null, '', '  '])).toEqual([]);
  });
});
