/** Rates per second, and the subject's share of a baseline that was measured around it. */
export interface Share {
  baseline: number;
  subject: number;
  share: number;
  /** Of the single rounds, to show how far they lie apart. */
  shares: number[];
}

export interface Interleaved {
  rounds: number;
  baseline: () => Promise<number>;
  subject: () => Promise<number>;
  onRound: (text: string) => void;
}

/** Baseline, subject, baseline, subject, …, baseline: what slows the machine down for a while slows both. */
export async function interleave({ rounds, baseline, subject, onRound }: Interleaved): Promise<Share> {
  const baselines = [await baseline()];
  const subjects: number[] = [];
  const shares: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const rate = await subject();
    const after = await baseline();
    const share = rate / ((baselines.at(-1)! + after) / 2);
    baselines.push(after);
    subjects.push(rate);
    shares.push(share);
    onRound(`round ${round} of ${rounds}: ${count(rate)}/s of ${count(after)}/s, share ${share.toFixed(3)}`);
  }
  return { baseline: median(baselines), subject: median(subjects), share: median(shares), shares };
}

export function median(values: number[]): number {
  return percentile(values, 50);
}

export function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * (percent / 100);
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
