import { normalised } from '../../../platform/search/terms.js';
import type { SearchQuery } from '../../../platform/search/terms.js';

const OF_PHRASE = 1000;
const OF_WORDS = 600;
const OF_SHORTNESS = 400;
/** A text of this length says about as much beside what was asked for. */
const TYPICAL_LENGTH = 100;

/**
 * How well a text answers a query: what was asked in a row before single words, many times before once, a short text
 * before a long one. It depends on nothing but the two, so that it is the same on every page and on every database.
 */
export function relevanceOf({ words, phrase }: SearchQuery, text: string): number {
  const within = normalised(text);
  const often = words.reduce((sum, word) => sum + saturated(occurrences(within, word)), 0) / words.length;
  const shortness = TYPICAL_LENGTH / (TYPICAL_LENGTH + within.length);
  return Math.round((within.includes(phrase) ? OF_PHRASE : 0) + OF_WORDS * often + OF_SHORTNESS * shortness);
}

/** 0, a half, two thirds, three quarters: each further time counts for less. */
function saturated(times: number): number {
  return times / (times + 1);
}

const MOST_COUNTED = 10;

function occurrences(text: string, word: string): number {
  let count = 0;
  for (let place = text.indexOf(word); place >= 0 && count < MOST_COUNTED; place = text.indexOf(word, place + word.length)) count++;
  return count;
}
