import { describe, expect, it } from 'vitest';
import { BY_SCHEDULE, answer, failsWith, faultDesk, onlyTheFirst } from '../support/fault-desk.js';
import type { Window } from '../support/fault-desk.js';

const desk = faultDesk();

const httpDate = (aheadSeconds: number): string => new Date(desk.clock.now() + aheadSeconds * 1000).toUTCString();
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The two obsolete forms of RFC 9110 §5.6.7, which a recipient has to read. */
function rfc850Date(aheadSeconds: number): string {
  const [, day, month, year, time] = httpDate(aheadSeconds).split(' ');
  return `${DAYS[new Date(desk.clock.now() + aheadSeconds * 1000).getUTCDay()]}, ${day}-${month}-${year!.slice(2)} ${time} GMT`;
}
function asctimeDate(aheadSeconds: number): string {
  const [weekday, day, month, year, time] = httpDate(aheadSeconds).split(' ');
  return `${weekday!.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

const IN_TEN_MINUTES: Window = [585, 600];
const IN_AN_HOUR: Window = [3585, 3600];

describe.each([503, 429, 500])('Retry-After with %i', (code) => {
  it.each<[name: string, header: () => string[], window: Window]>([
    ['seconds', () => ['600'], IN_TEN_MINUTES],
    ['seconds and spaces', () => ['  600 '], IN_TEN_MINUTES],
    ['a date', () => [httpDate(600)], IN_TEN_MINUTES],
    ['a date of RFC 850', () => [rfc850Date(600)], IN_TEN_MINUTES],
    ['a date of asctime', () => [asctimeDate(600)], IN_TEN_MINUTES],
    ['a date in the past', () => [httpDate(-600)], BY_SCHEDULE],
    ['a date at the end of time', () => ['Fri, 31 Dec 9999 23:59:59 GMT'], IN_AN_HOUR],
    ['a date that never was', () => ['Thu, 31 Feb 2999 25:61:61 GMT'], BY_SCHEDULE],
    ['nought', () => ['0'], BY_SCHEDULE],
    ['sooner than the schedule', () => ['1'], BY_SCHEDULE],
    ['a negative number', () => ['-600'], BY_SCHEDULE],
    ['a fraction', () => ['600.5'], BY_SCHEDULE],
    ['an exponent', () => ['1e9'], BY_SCHEDULE],
    ['hexadecimal', () => ['0x258'], BY_SCHEDULE],
    ['nonsense', () => ['soon'], BY_SCHEDULE],
    ['nothing', () => [''], BY_SCHEDULE],
    ['a day', () => ['86400'], IN_AN_HOUR],
    ['more than a number holds', () => ['9'.repeat(400)], IN_AN_HOUR],
    ['several', () => ['600', '700'], BY_SCHEDULE],
    ['bytes', () => ['\u00ff\u00fe'], BY_SCHEDULE],
  ])('of %s', async (_, header, window) => {
    const { url } = await desk.receiver({ answer: onlyTheFirst(answer(`${code} Later`, header().map((value) => `retry-after: ${value}`))) });
    const [bad, next] = await desk.deliverTwo(await desk.endpointAt(url));
    desk.assertBecame(bad, failsWith(code, { next: window }));
    expect(next['status']).toBe('succeeded');
  });
});

it.each([
  ['many headers', Array.from({ length: 70 }, (_, index) => `x-${index}: v`)],
  ['a long one', [`content-security-policy: ${'x'.repeat(8200)}`]],
])('Retry-After is waited for and kept behind %s', async (_, others) => {
  const { url } = await desk.receiver({ answer: onlyTheFirst(answer('503 Later', [...others, 'retry-after: 600'])) });
  const [bad] = await desk.deliverTwo(await desk.endpointAt(url));
  desk.assertBecame(bad, failsWith(503, { next: IN_TEN_MINUTES, headers: { 'retry-after': '600' } }));
});
