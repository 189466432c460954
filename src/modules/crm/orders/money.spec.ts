import { describe, expect, it } from 'vitest';
import { moneyKey, readMoney } from './money.js';

describe('money', () => {
  it.each([
    [9999, '9999'], [0.1, '0.1'], [1e-7, '0.0000001'], [123456789012345, '123456789012345'], [1e19, '10000000000000000000'], [-12.5, '-12.5'], [-0, '0'],
    ['9999', '9999'], ['10.50', '10.50'], ['0.10', '0.10'], ['007.10', '7.10'], ['-0.00', '0.00'], ['12345678901234567890.1234567890', '12345678901234567890.1234567890'],
  ])('%s is %s', (value, amount) => {
    expect(readMoney(value)).toBe(amount);
  });

  it.each(['', '1.', '.5', '1e3', '+1', '1,000', ' 1', '0x10', 'NaN', '123456789012345678901', '0.12345678901', NaN, Infinity, 1e20, 1e-11, true, null, undefined, {}, ['1']])('%j is none', (value) => {
    expect(readMoney(value)).toBeNull();
  });

  it('sorts by the amount, whatever its length and sign', () => {
    const amounts = ['-12345678901234567890', '-100', '-99.99', '-10', '-9', '-0.5', '-0.49', '0', '0.0000000001', '0.5', '9', '10', '99.99', '100', '12345678901234567890'];
    const keys = amounts.map(moneyKey);
    expect(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('knows the same amount in another spelling', () => {
    expect(moneyKey('10.50')).toBe(moneyKey('10.5'));
    expect(moneyKey('0.00')).toBe(moneyKey('0'));
  });
});
