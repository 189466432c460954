/** What a scenario found; it has failed when there are violations. */
export interface ScenarioReport {
  figures: Record<string, string | number>;
  violations: string[];
}

export interface ScenarioOptions {
  /** Kills in the scenarios that kill. */
  kills: number;
  quick: boolean;
  progress: (line: string) => void;
}

/** `sorted` in ascending order. */
export function percentile(sorted: number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(0);
}

const MAX_VIOLATIONS_SHOWN = 12;
const LINE_EVERY_MS = 5_000;

/** One line that overwrites itself in a terminal, and a line every few seconds where there is none. */
export function startProgress(scenario: string): { show: (line: string) => void; end: () => void } {
  const startedAt = performance.now();
  let printedAt = -Infinity;
  let latest = '';
  const print = (): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K${latest}`);
    else if (performance.now() - printedAt >= LINE_EVERY_MS) {
      printedAt = performance.now();
      console.log(latest);
    }
  };
  return {
    show: (line) => {
      latest = `  ${scenario} ${((performance.now() - startedAt) / 1000).toFixed(0).padStart(3)} s  ${line}`;
      print();
    },
    end: () => {
      if (process.stdout.isTTY) process.stdout.write('\r\u001b[2K');
    },
  };
}

export function printReport(scenario: string, report: ScenarioReport, seconds: number): void {
  const { violations } = report;
  console.log(`\n${scenario}: ${violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`} (${seconds.toFixed(0)} s)`);
  for (const [name, value] of Object.entries(report.figures)) console.log(`  ${name.padEnd(36)} ${value}`);
  for (const violation of violations.slice(0, MAX_VIOLATIONS_SHOWN)) console.log(`  ! ${violation}`);
  if (violations.length > MAX_VIOLATIONS_SHOWN) console.log(`  ! and ${violations.length - MAX_VIOLATIONS_SHOWN} more`);
  console.log('');
}

export interface TableRow {
  scenario: string;
  outcome: 'ok' | 'FAILED' | 'SKIPPED';
  seconds: number;
  figures: Record<string, string | number>;
}

/** Heads of the table, and the figures of the scenarios that stand below them. */
const COLUMNS: [head: string, figure: string][] = [
  ['committed', 'messages stored'],
  ['lost', 'missing messages'],
  ['undelivered', 'missing callbacks'],
  ['callbacks', 'callbacks received'],
  ['duplicates, same webhook-id', 'duplicates (same webhook-id)'],
];

/** All scenarios, one below the other. */
export function printTable(rows: TableRow[]): void {
  const lines = [
    ['scenario', 'outcome', 'seconds', ...COLUMNS.map(([head]) => head)],
    ...rows.map(({ scenario, outcome, seconds, figures }) => [scenario, outcome, seconds.toFixed(0), ...COLUMNS.map(([, figure]) => String(figures[figure] ?? '-'))]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  for (const line of lines) console.log(line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '));
}
