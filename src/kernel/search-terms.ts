/** What one word, and one look-up of it, has at the most. */
export const MAX_TERM_CHARACTERS = 100;
/** Places in a text that are taken for a beginning. */
const MAX_BEGINNINGS = 40;
/** Of a number people know the end. */
const MIN_DIGITS = 4;
const MAX_WORDS = 5;

const UNSPACED = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]`;
/** The first character of a word, and each of writing without spaces. */
const BEGINNING = new RegExp(String.raw`${UNSPACED}|(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]|(?<=${UNSPACED})[\p{L}\p{N}]`, 'gu');
const PHONE_NUMBER = /^\+?[\d\s().\-/]+$/;

/**
 * Under which beginnings a text is found: from its start, from the start of each word on, in writing without spaces from
 * each character on, and of a phone number by every end of at least four digits. Case and width do not matter.
 */
export function searchTerms(texts: readonly (string | null)[]): string[] {
  const terms = new Set<string>();
  for (const text of texts) {
    const whole = normalized(text ?? '');
    if (whole === '') continue;
    terms.add(cut(whole));
    for (const { index } of [...whole.matchAll(BEGINNING)].slice(0, MAX_BEGINNINGS)) terms.add(cut(whole.slice(index)));
    if (PHONE_NUMBER.test(whole)) for (const end of endsOf(digitsOf(whole))) terms.add(cut(end));
  }
  return [...terms];
}

/** The words that are asked for; each must be the beginning of a term. */
export function searchWords(query: string): string[] {
  const whole = normalized(query);
  if (PHONE_NUMBER.test(whole) && /\d/.test(whole)) return [cut(digitsOf(whole))];
  return whole.split(' ').filter((word) => word !== '').slice(0, MAX_WORDS).map(cut);
}

/** Behind everything that begins with a word, in the order of code points. */
export function endOf(word: string): string {
  return `${word}\u{10FFFF}`;
}

function normalized(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ').trim();
}

function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '');
}

function endsOf(digits: string): string[] {
  return Array.from({ length: Math.min(MAX_BEGINNINGS, Math.max(0, digits.length - MIN_DIGITS + 1)) }, (_, start) => digits.slice(start));
}

function cut(text: string): string {
  return [...text].slice(0, MAX_TERM_CHARACTERS).join('');
}
