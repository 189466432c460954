import type { Answer, OptionFault } from './callback-format.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds. More than 27 hours in all: a receiver that breaks in the evening is mended in the morning. */
export const STANDARD_SCHEDULE: readonly number[] = [0, 5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

/** What Standard Webhooks lets a receiver say by its status. */
export function standardJudgement(status: number): Answer {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  return { kind: status === 410 ? 'gone' : 'failed' };
}

export function unknownOptions(format: string, options: object, known: readonly string[] = []): OptionFault[] {
  const knows = known.length === 0 ? 'no options' : known.join(', ');
  return Object.keys(options).filter((name) => !known.includes(name)).map((field) => ({ field, message: `The format ${format} knows ${knows}.` }));
}
