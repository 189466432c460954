import { stringify } from 'csv-stringify/sync';
import { memberOf, metricNames } from './report-rows.js';
import type { Dimension } from './report-types.js';
import type { ReportView } from './report.dto.js';

/** Spreadsheets take text that begins so for a formula; an apostrophe makes it text again. */
const FORMULA = /^\s*[=+\-@\t\r\n|]/;

/** The rows of a report: a line of names, then one for each row. Texts are made safe for spreadsheets. */
export function toCsv({ type, dimensions, rows }: ReportView): string {
  const members = dimensions.map((dimension) => memberOf(dimension as Dimension));
  const metrics = metricNames({ type });
  const lines = rows.map(({ dimension, metrics: values }) => [
    ...members.map((member) => safe(dimension[member]!)),
    ...metrics.map((metric) => values[metric]),
  ]);
  return stringify([[...members, ...metrics], ...lines], { record_delimiter: 'windows' });
}

function safe(value: string | number | null): string | number | null {
  return typeof value === 'string' && FORMULA.test(value) ? `'${value}` : value;
}
