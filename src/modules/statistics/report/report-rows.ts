import { MEASURES, PLACES } from '../cells/sources.js';
import type { Source } from '../cells/sources.js';
import type { ReportPlan } from './report-plan.js';
import type { ReportView } from './report.dto.js';
import { REPORTS } from './report-types.js';
import type { Dimension, Sum } from './report-types.js';
import type { Group, Tally } from './tally.js';

type Value = string | number | null;

interface Row {
  values: Value[];
  sums: Map<Source, Float64Array>;
}

/** Puts what the sources of a report have of the same dimensions into one row. */
export class ReportRows {
  private readonly rows = new Map<string, Row>();
  private readonly totals = new Map<Source, Float64Array>();

  constructor(private readonly plan: ReportPlan) {}

  get size(): number {
    return this.rows.size;
  }

  add(source: Source, tally: Tally): void {
    const width = MEASURES[source].length;
    const total = new Float64Array(width);
    this.totals.set(source, total);
    for (const group of tally.groups()) {
      if (group.sums.every((sum) => sum === 0)) continue;
      this.rowOf(group).sums.set(source, group.sums);
      for (let measure = 0; measure < width; measure++) total[measure]! += group.sums[measure]!;
    }
  }

  answer(): Pick<ReportView, 'rows' | 'totals'> {
    const { metrics } = REPORTS[this.plan.type];
    const rows = [...this.rows.values()].toSorted((a, b) => compare(a.values, b.values));
    return {
      rows: rows.map(({ values, sums }) => ({ dimension: this.dimensionOf(values), metrics: metrics(sumIn(sums)) })),
      totals: metrics(sumIn(this.totals)),
    };
  }

  private rowOf({ moment, labels }: Group): Row {
    const { date, hour } = this.plan.cut.moments[moment]!;
    const values = this.plan.dimensions.map((dimension): Value => (dimension === 'date' ? date : dimension === 'hour' ? hour : labels[dimension]!));
    const key = JSON.stringify(values);
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    const row = { values, sums: new Map<Source, Float64Array>() };
    this.rows.set(key, row);
    return row;
  }

  private dimensionOf(values: readonly Value[]): Record<string, Value> {
    return Object.fromEntries(this.plan.dimensions.map((dimension, index) => [memberOf(dimension), values[index]!]));
  }
}

/** As rows and what is pushed name it. */
export function memberOf(dimension: Dimension): string {
  return dimension === 'agent' ? 'agent_id' : dimension;
}

export function metricNames(plan: Pick<ReportPlan, 'type'>): string[] {
  return Object.keys(REPORTS[plan.type].metrics(() => 0));
}

function sumIn(sums: ReadonlyMap<Source, Float64Array>): Sum {
  return (source, measure): number => sums.get(source)?.[PLACES[source][measure]!] ?? 0;
}

/** What has no value comes first. */
function compare(a: readonly Value[], b: readonly Value[]): number {
  for (let index = 0; index < a.length; index++) {
    const [one, other] = [a[index]!, b[index]!];
    if (one === other) continue;
    if (one === null || other === null) return one === null ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return 0;
}
