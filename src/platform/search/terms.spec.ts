import { describe, expect, it } from 'vitest';
import { indexedText, readQuery } from './terms.js';

const ORGANIZATION = 'org_01k5x6j3q8v4m2n7p9r1s5t6w0';

/** As a database does it: every term is a token, or the beginning of one. */
function finds(query: string, text: string, organization = ORGANIZATION): boolean {
  const tokens = indexedText(ORGANIZATION, text).split(' ');
  return readQuery(organization, query).terms.every(({ token, prefix }) => tokens.some((held) => held === token || (prefix && held.startsWith(token))));
}

describe('the terms of a search', () => {
  it.each([
    ['退款', '我要申请退款，谢谢'],
    ['申请退款', '我要申请退款'],
    ['款', '退款'],
    ['退', '退款'],
    ['退', '退'],
    ['订单 退款', '退款的订单'],
    ['パーセル', 'わたしのパーセルはどこ'],
    ['ｱ', 'アイス'],
    ['환불', '환불요청'],
    ['พัสดุ', 'พัสดุของฉันอยู่ที่ไหน'],
    ['parcel', 'Where is my PARCEL?'],
    ['ＰＡＲＣＥＬ', 'parcel'],
    ['par*', 'the parcel'],
    ['4711', 'order #4711-2'],
    ['4711-2', 'order #4711-2'],
    ['größe', 'Welche GRÖSSE? Größe 5'],
    ['грузо*', 'Грузоперевозки'],
    ['the', 'the'],
    ['a', 'a'],
    ['iphone15 手机', '这部iPhone15手机'],
    ['a.b@example.com', 'write to a.b@example.com'],
    ['𠮷野', '𠮷野家'],
    ['y03d', 'y03d'],
  ])('find %j in %j', (query, text) => expect(finds(query, text)).toBe(true));

  it.each([
    ['退货', '我要申请退款'],
    ['款退', '退款'],
    ['退款 发票', '我要申请退款'],
    ['parc', 'parcel'],
    ['cel*', 'parcel'],
    ['grosse', 'größe'],
    ['=', 'y03d'],
    ['ab', 'a b'],
  ])('do not find %j in %j', (query, text) => {
    const found = ((): boolean => {
      try {
        return finds(query, text);
      } catch {
        return false;
      }
    })();
    expect(found).toBe(false);
  });

  it('are those of one organization', () => expect(finds('parcel', 'parcel', 'org_another')).toBe(false));

  it('hold nothing that an engine could read as syntax, leave out or cut', () => {
    const text = `"AND" OR NOT NEAR(a, b) -退款 +x* ~y (z) <q> @5 ; DROP TABLE messages -- % _ \\ ' ${'я'.repeat(90)} ${'x'.repeat(200)} a`;
    const tokens = [...indexedText(ORGANIZATION, text).split(' '), ...readQuery(ORGANIZATION, text).terms.map(({ token }) => token)];
    for (const token of tokens) expect(token).toMatch(/^[a-z0-9]{5,84}$/);
  });

  it('are each there once', () => {
    const tokens = indexedText(ORGANIZATION, 'hello hello 好好好好').split(' ');
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens).toHaveLength(3);
    expect(readQuery(ORGANIZATION, 'hello hello').terms).toHaveLength(1);
  });

  it.each(['', ' ', '*', '"', '👍', '+-*/ ()'])('are asked for where there are none: %j', (query) => {
    expect(() => readQuery(ORGANIZATION, query)).toThrow(expect.objectContaining({ code: 'request.invalid', details: { errors: [expect.objectContaining({ field: 'q', code: 'search.no_words' })] } }));
  });
});
