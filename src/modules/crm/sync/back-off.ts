const FIRST_MS = 5000;
const LONGEST_MS = 15 * 60_000;
const LONGEST_ASKED_FOR_MS = 3_600_000;

/**
 * How long to wait after so many failures one after the other, in milliseconds: 5 s, twice as long each time, 15 min at
 * the most, and up to a fifth more by chance (`random` from 0 to 1). What the CRM asks for counts where it is longer, up to an hour.
 */
export function backOffMs(failures: number, askedForMs: number | null, random: number): number {
  const own = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20)) * (1 + random / 5);
  return Math.round(Math.max(own, Math.min(askedForMs ?? 0, LONGEST_ASKED_FOR_MS)));
}
