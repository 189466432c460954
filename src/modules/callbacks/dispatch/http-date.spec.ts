import { afterEach, describe, expect, it, vi } from 'vitest';
import { httpDateMs } from './http-date.js';

const NOW = Date.parse('2026-11-01T00:00:00Z');
const AT = Date.parse('2026-11-06T08:49:37Z');

describe.each(['UTC', 'Asia/Tokyo', 'America/Los_Angeles'])('httpDateMs where the time zone is %s', (zone) => {
  afterEach(() => vi.unstubAllEnvs());

  it.each(['Fri, 06 Nov 2026 08:49:37 GMT', 'Friday, 06-Nov-26 08:49:37 GMT', 'Fri Nov  6 08:49:37 2026'])('reads %s', (text) => {
    vi.stubEnv('TZ', zone);
    expect(httpDateMs(text, NOW)).toBe(AT);
  });

  it('takes two digits of a year that are far ahead for the century before', () => {
    expect(httpDateMs('Sunday, 06-Nov-94 08:49:37 GMT', NOW)).toBe(Date.parse('1994-11-06T08:49:37Z'));
  });

  it.each(['', 'soon', '2026-11-06T08:49:37Z', 'Fri, 06 Nov 2026 08:49:37', 'Fri, 99 Nov 2026 08:49:37 GMT', 'Fri, 06 Nov 2026 08:49:37 GMT, x', '-5', 'Nov 6 2026'])('does not read "%s"', (text) => {
    expect(httpDateMs(text, NOW)).toBeNull();
  });
});
