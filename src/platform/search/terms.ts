import { invalidField } from '../../kernel/domain-error.js';
import { sha256 } from '../crypto/hash.js';

/** InnoDB leaves out longer words; two that agree so far are taken for the same. */
const MAX_TOKEN = 84;
const CODE_LENGTH = 4;

/** Scripts that are written without spaces; Korean has them, yet its words carry endings. */
const UNSPACED = '(?=[\\p{L}\\p{M}\\p{N}])[\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Bopo}\\p{scx=Hang}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}]';
const WORDS = new RegExp(`(?<run>(?:${UNSPACED})+)|(?<word>(?:(?!${UNSPACED})[\\p{L}\\p{M}\\p{N}])+)(?<star>\\*?)`, 'gu');

/** Something that a text must hold to be found. */
export interface Term {
  /** Lower-case ASCII letters and digits only, whatever was asked: no search engine reads syntax into it. */
  token: string;
  /** Everything that begins so will do. */
  prefix: boolean;
}

/** What a user has asked for. */
export interface SearchQuery {
  terms: Term[];
  /** The words as they are found in a text that was normalised. */
  words: string[];
  /** All of it in a row. */
  phrase: string;
}

/** Case, width and compatible forms do not matter to a search. */
export function normalised(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/**
 * The words of a text for a full-text index, each once, with spaces between them. A script without spaces gives pairs of
 * neighbours, so that a word of two characters is found wherever it stands. Each token begins with a code of the
 * organization: what another one has written costs a query nothing.
 */
export function indexedText(organizationId: string, text: string): string {
  const code = codeOf(organizationId);
  const tokens = new Set<string>();
  for (const { groups } of normalised(text).matchAll(WORDS)) {
    if (groups!['word'] !== undefined) tokens.add(tokenOf(code, groups!['word']));
    else {
      const characters = [...groups!['run']!];
      for (const pair of pairsOf(characters)) tokens.add(tokenOf(code, pair));
      // Single characters are looked for as the beginning of a pair, and the last one begins none.
      tokens.add(tokenOf(code, characters.at(-1)!));
    }
  }
  return [...tokens].join(' ');
}

/**
 * Reads what a user typed: words, of which a text must hold every one; a `*` behind a word asks for what begins with it.
 * Throws when there is no word in it.
 */
export function readQuery(organizationId: string, text: string): SearchQuery {
  const code = codeOf(organizationId);
  const terms = new Map<string, Term>();
  const add = (word: string, prefix: boolean): void => {
    const token = tokenOf(code, word);
    terms.set(`${token} ${prefix}`, { token, prefix });
  };
  const words = new Set<string>();
  const phrase = normalised(text);
  for (const { groups } of phrase.matchAll(WORDS)) {
    const { run, word, star } = groups as { run?: string; word?: string; star?: string };
    words.add((run ?? word)!);
    if (word !== undefined) add(word, star === '*');
    else {
      const characters = [...run!];
      if (characters.length === 1) add(run!, true);
      for (const pair of pairsOf(characters)) add(pair, false);
    }
  }
  if (terms.size === 0) throw invalidField('q', 'search.no_words', 'Give a word to search for: a letter, a digit or a character.');
  return { terms: [...terms.values()], words: [...words], phrase: phrase.replaceAll('*', '').trim() };
}

function* pairsOf(characters: readonly string[]): Generator<string> {
  for (let index = 1; index < characters.length; index++) yield characters[index - 1]! + characters[index]!;
}

/** Two organizations may have the same code, so rows are asked for their organization all the same. */
function codeOf(organizationId: string): string {
  return Number.parseInt(sha256(organizationId).slice(0, 12), 16).toString(36).slice(-CODE_LENGTH);
}

/**
 * Engines differ in what they take for a word, leave out short and common ones, and fold what we keep apart: a token is
 * written so that none of that concerns it. The encoding of a beginning is the beginning of the encoding.
 */
function tokenOf(code: string, word: string): string {
  let token = code;
  for (let index = 0; index < word.length && token.length < MAX_TOKEN; index++) token += encoded(word, index);
  return token.slice(0, MAX_TOKEN);
}

const DIGITS_OF_3 = 36 ** 3;

/** a to x and 0 to 9 stand for themselves; y and z begin the four characters of any other code unit. */
function encoded(word: string, index: number): string {
  const character = word[index]!;
  if (/[a-x0-9]/.test(character)) return character;
  const unit = word.charCodeAt(index);
  return (unit < DIGITS_OF_3 ? 'y' : 'z') + (unit % DIGITS_OF_3).toString(36).padStart(3, '0');
}
