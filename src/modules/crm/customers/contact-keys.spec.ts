import { describe, expect, it } from 'vitest';
import { emailKey, nameKey, phoneKey, plainPhone } from './contact-keys.js';

describe('contacts as they are compared', () => {
  it.each([
    ['13800138000', '13800138000'], ['138 0013 8000', '13800138000'], ['138-0013-8000', '13800138000'], ['(0571) 8888.6666', '057188886666'], ['１３８００１３８０００', '13800138000'],
    ['+86 138 0013 8000', '+8613800138000'], ['0086 13800138000', '+8613800138000'],
  ])('the phone %s is %s', (phone, key) => {
    expect(phoneKey(phone)).toBe(key);
  });

  it.each([null, '', '110', 'none', '13800138000 ext. 5', '1380013800013800138000', '++86138'])('%j is no phone to go by', (phone) => {
    expect(phoneKey(phone)).toBeNull();
  });

  it.each([['0086 138', '+86138'], ['0086 138/0013', '+861380013'], ['００86', '+86'], ['+86-1', '+861'], ['/ ', '']])('the beginning %j of a phone is %j', (beginning, plain) => {
    expect(plainPhone(beginning)).toBe(plain);
  });

  it('takes capitals for small letters', () => {
    expect(emailKey(' Zhang.San@Example.COM ')).toBe('zhang.san@example.com');
    expect(emailKey(null)).toBeNull();
    expect(emailKey('nobody')).toBeNull();
    expect(nameKey(' Ｚhang San')).toBe('zhang san');
    expect(nameKey('  ')).toBeNull();
    expect([...nameKey('İ'.repeat(200))!]).toHaveLength(200);
  });
});
