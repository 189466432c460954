const ASCTIME = /^[A-Za-z]{3} ([A-Za-z]{3}) {1,2}(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4})$/;
const RFC_850 = /^[A-Za-z]{6,9}, (\d{2})-([A-Za-z]{3})-(\d{2}) (\d{2}:\d{2}:\d{2}) GMT$/;
const FIFTY_YEARS_MS = 50 * 365.25 * 24 * 60 * 60 * 1000;

/** Unix milliseconds of a date in one of the three forms of RFC 9110 §5.6.7, all of which are GMT; null for anything else. */
export function httpDateMs(text: string, nowMs: number): number | null {
  const [, month, day, time, year] = ASCTIME.exec(text) ?? [];
  if (month !== undefined) return parsed(`${day} ${month} ${year} ${time} GMT`);
  const old = RFC_850.exec(text);
  if (old !== null) {
    const century = Math.floor(new Date(nowMs).getUTCFullYear() / 100);
    const at = parsed(`${old[1]} ${old[2]} ${century}${old[3]} ${old[4]} GMT`);
    // What seems to be far in the future is of the century before.
    return at !== null && at - nowMs > FIFTY_YEARS_MS ? parsed(`${old[1]} ${old[2]} ${century - 1}${old[3]} ${old[4]} GMT`) : at;
  }
  return /^[A-Za-z]{3},? .* (GMT|UTC|[+-]\d{4})$/.test(text) ? parsed(text) : null;
}

function parsed(text: string): number | null {
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
