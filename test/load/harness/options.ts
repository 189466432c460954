import { parseArgs } from 'node:util';
import type { DatabaseName } from './databases.js';
import { loadAverage } from './machine.js';

export const SCENARIOS = {
  post: 'POST /messages',
  chain: 'POST to callback, whole chain',
  backlog: 'Callbacks from a backlog',
  'backlog-failing': 'Callbacks from a backlog, 20 % answered with 500',
  'backlog-many': 'Callbacks from a backlog of 100 endpoints',
  'backlog-many-failing': 'Callbacks from a backlog of 100 endpoints, 20 % answered with 500',
  drain: 'A backlog of 100,000',
  sockets: 'Socket.IO events to 1,000 clients',
  latency: 'Latency at 100 messages/s',
  fairness: 'Callbacks beside others that hang and fail',
  footprint: 'Memory and start-up',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

export interface Options {
  databases: DatabaseName[];
  scenarios: ScenarioName[];
  quick: boolean;
  rounds: number;
  /** Whether the figures go to docs/benchmarks.md; a run that leaves something out only prints them. */
  write: boolean;
  loadBefore: number;
}

const DATABASES: DatabaseName[] = ['sqlite', 'mysql'];

export const USAGE = `npm run bench -- [--quick] [--only ${Object.keys(SCENARIOS).join(',')}] [--db sqlite|mysql] [--rounds 3] [--write]
  --quick   short run to look at
  --only    some of the scenarios
  --db      one of the two set-ups
  --write   writes docs/benchmarks.md also after a short or partial run`;

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      db: { type: 'string' },
      rounds: { type: 'string' },
      write: { type: 'boolean' },
    },
  });
  const scenarios = choose('--only', Object.keys(SCENARIOS) as ScenarioName[], values.only);
  const databases = choose('--db', DATABASES, values.db);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number from 1.');
  const isWhole = !values.quick && values.only === undefined && values.db === undefined;
  return { databases, scenarios, quick: values.quick, rounds, write: values.write ?? isWhole, loadBefore: loadAverage() };
}

function choose<T extends string>(option: string, known: T[], wanted: string | undefined): T[] {
  if (wanted === undefined) return known;
  const names = wanted.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name as T));
  if (unknown.length > 0) throw new Error(`${option} does not know ${unknown.join(', ')}; it knows ${known.join(', ')}.`);
  return known.filter((name) => names.includes(name));
}
