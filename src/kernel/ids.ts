import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_LENGTH = 16;

/** The kinds of things that have an id, with the prefix that tells them apart. */
export const ID_PREFIXES = {
  organization: 'org',
  agent: 'agt',
  visitor: 'vis',
  track: 'trk',
  conversation: 'cnv',
  assignment: 'asg',
  department: 'dpt',
  businessHours: 'bhr',
  message: 'msg',
  cannedReply: 'cnr',
  customer: 'cus',
  order: 'ord',
  ticket: 'tkt',
  ticketComment: 'tcm',
  ticketChange: 'tch',
  event: 'evt',
  callback: 'cbk',
  delivery: 'dlv',
  batch: 'bat',
  recovery: 'rec',
  apiKey: 'key',
  application: 'app',
  signingKey: 'sgk',
  oauthClient: 'oac',
  oauthKey: 'oky',
  tokenKey: 'tky',
  tokenFamily: 'fam',
  refreshToken: 'rft',
  auditLog: 'aud',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

export const ID_PATTERN = /^[a-z]+_[0-9a-z]{26}$/;

let lastTimeMs = -1;
let lastRandom: Uint8Array = new Uint8Array(RANDOM_LENGTH);
let pool = Buffer.alloc(0);
let poolOffset = 0;

/** Reading the system's random source once for many ids costs a tenth of reading it for each. */
function randomDigits(): Uint8Array {
  if (poolOffset + RANDOM_LENGTH > pool.length) {
    pool = randomBytes(RANDOM_LENGTH * 256);
    poolOffset = 0;
  }
  const digits = new Uint8Array(RANDOM_LENGTH);
  for (let index = 0; index < RANDOM_LENGTH; index++) digits[index] = pool[poolOffset++]! & 31;
  return digits;
}

/** Steps by a random amount, so that ids of one millisecond keep their order and still cannot be guessed. */
function stepped(previous: Uint8Array): Uint8Array {
  const next = Uint8Array.from(previous);
  const step = randomDigits();
  let carry = 0;
  for (let index = RANDOM_LENGTH - 1; index >= 0; index--) {
    const low = index >= RANDOM_LENGTH - 10 ? step[index]! : 0;
    const sum = next[index]! + low + carry;
    next[index] = sum & 31;
    carry = sum >> 5;
  }
  return next;
}

/** A ULID in lower case: 10 digits of Unix milliseconds, 16 of chance; increasing within one process. */
export function ulid(nowMs: number = Date.now()): string {
  if (nowMs > lastTimeMs) {
    lastTimeMs = nowMs;
    lastRandom = randomDigits();
    lastRandom[0] = lastRandom[0]! & 15;
  } else {
    lastRandom = stepped(lastRandom);
  }
  let time = lastTimeMs;
  let text = '';
  for (let index = 0; index < 10; index++) {
    text = ALPHABET[time % 32] + text;
    time = Math.floor(time / 32);
  }
  for (const digit of lastRandom) text += ALPHABET[digit];
  return text;
}

export function newId(kind: IdKind): string {
  return `${ID_PREFIXES[kind]}_${ulid()}`;
}

/** The id of what is made once of something else, so that it is found again by the id of that. */
export function idMadeOf(kind: IdKind, sourceId: string): string {
  return `${ID_PREFIXES[kind]}_${sourceId.slice(sourceId.indexOf('_') + 1)}`;
}
