import { describe, expect, it } from 'vitest';
import { withoutRoundedNumbers } from './exact-numbers.js';

describe('numbers of more than 15 significant digits', () => {
  const read = (number: string): unknown => (JSON.parse(withoutRoundedNumbers(`{"amount":${number}}`)) as { amount: unknown }).amount;

  it.each(['1234567890123456', '0.1234567890123456', '12345678901234.56', '9007199254740993', '-9007199254740993', '1.234567890123456e2', '100.00000000000000001'])('%s is read as infinity', (number) => {
    expect(read(number)).toBe(Infinity);
  });

  it.each([
    ['9999', 9999], ['123456789012345', 123456789012345], ['-0.00000123456789012345', -0.00000123456789012345], ['1234567890123.45', 1234567890123.45],
    ['1000000000000000000', 1e18], ['9999.00000000000000000000', 9999], ['0.00000000000000000001', 1e-20], ['1e5', 1e5],
  ])('%s is read as it is', (number, value) => {
    expect(read(number)).toBe(value);
  });

  it.each(['{"a":"1234567890123456789"}', '{"1234567890123456789":1}', String.raw`{"a":"\"1234567890123456789","b":"\\"}`, '[]', '"1234567890123456789'])('%s stays as it is', (json) => {
    expect(withoutRoundedNumbers(json)).toBe(json);
  });

  it('are found wherever they stand', () => {
    const json = String.raw`{"a":[1,1234567890123456789,"\\",-1234567890123456789.5E-3],"b":{"c":1234567890123456789}}`;
    expect(JSON.parse(withoutRoundedNumbers(json))).toEqual({ a: [1, Infinity, '\\', Infinity], b: { c: Infinity } });
  });

  it('does not make JSON of what is none', () => {
    for (const broken of ['{"a":1234567890123456789', '{"a":1234567890123456789x}', '[1234567890123456789 1]']) {
      expect(() => JSON.parse(withoutRoundedNumbers(broken)) as unknown).toThrow(SyntaxError);
    }
  });
});
