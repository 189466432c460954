const PHONE_PUNCTUATION = /[\s().\-/\u2010-\u2015·]/g;
const PHONE = /^\+?\d{5,20}$/;
const MAX_NAME = 200;

/**
 * The number as it is compared: without what people write between digits, `+` for a leading 00. Null for what is no
 * whole number. A country code is not guessed: 138… and +86 138… are two numbers.
 */
export function phoneKey(phone: string | null): string | null {
  const plain = plainPhone(phone ?? '');
  return PHONE.test(plain) ? plain : null;
}

/** A number or the beginning of one, as in its key. */
export function plainPhone(phone: string): string {
  return phone.normalize('NFKC').replaceAll(PHONE_PUNCTUATION, '').replace(/^00/, '+');
}

/** Providers tell capitals apart in theory only. */
export function emailKey(email: string | null): string | null {
  const plain = (email ?? '').trim().toLowerCase();
  return plain.includes('@') ? [...plain].slice(0, 254).join('') : null;
}

/** As a name is looked for: in small letters, and one spelling of each. */
export function nameKey(name: string | null): string | null {
  const plain = (name ?? '').normalize('NFKC').trim().toLowerCase();
  return plain === '' ? null : [...plain].slice(0, MAX_NAME).join('');
}
