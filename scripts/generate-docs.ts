/**
 * Writes the files that are derived from the code and the recorded events: docs/configuration.md, .env.example,
 * docs/events.md and the examples that endpoints are tested with.
 *
 *   npm run docs                 writes them
 *   npm run docs -- --record     first records docs/event-examples.json anew, by making every event happen
 *
 * test/architecture/docs.spec.ts fails while one of them is stale.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVENT_TYPES, type EventEnvelope, type EventType } from '../src/kernel/domain-event.js';
import { EVENT_CATALOGUE } from '../src/kernel/event-catalogue.js';
import { CONFIG_SCHEMA } from '../src/platform/config/config.js';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXAMPLES_FILE = join(ROOT, 'docs/event-examples.json');
const RECORDER = 'test/architecture/event-examples.spec.ts';
const MADE_BY = '<!-- Made by npm run docs; changes made here are lost. -->';

export interface GeneratedFile {
  /** Relative to the root of the repository. */
  path: string;
  text: string;
}

interface Setting {
  name: string;
  /** As it would be written into the environment; empty when there is none. */
  byDefault: string;
  meaning: string;
}

export function generatedFiles(): GeneratedFile[] {
  const settings = readSettings();
  const examples = JSON.parse(readFileSync(EXAMPLES_FILE, 'utf8')) as Record<EventType, EventEnvelope>;
  return [
    { path: 'docs/configuration.md', text: renderConfiguration(settings) },
    { path: '.env.example', text: renderEnvironment(settings) },
    { path: 'docs/events.md', text: renderEvents(examples) },
    { path: 'src/modules/callbacks/endpoints/event-examples.ts', text: renderExamples(examples) },
  ];
}

function readSettings(): Setting[] {
  return Object.entries(CONFIG_SCHEMA.shape).map(([name, field]) => {
    if (field.description === undefined) throw new Error(`${name} has no description in CONFIG_SCHEMA.`);
    const absent = field.safeParse(undefined);
    const value = absent.success ? absent.data : undefined;
    return { name, byDefault: Array.isArray(value) ? value.join(',') : `${value ?? ''}`, meaning: field.description };
  });
}

function renderConfiguration(settings: readonly Setting[]): string {
  const rows = settings.map(({ name, byDefault, meaning }) => {
    const shown = byDefault === '' ? '' : `\`${byDefault}\``;
    return `| \`${name}\` | ${shown} | ${meaning.replaceAll('|', '\\|')} |`;
  });
  return lines(
    '# Configuration',
    '',
    MADE_BY,
    '',
    'Settings are environment variables. A file `.env` in the working folder is read too, and the environment wins over it;',
    '[.env.example](../.env.example) is a template. An empty value counts as absent. All settings are checked at start: one',
    'that cannot be used stops the start, and the message names each such variable. The list is `CONFIG_SCHEMA` in',
    '[src/platform/config/config.ts](../src/platform/config/config.ts).',
    '',
    '| Variable | Default | Meaning |',
    '|---|---|---|',
    ...rows,
    '',
    '## What goes together',
    '',
    '| Set-up | Settings |',
    '|---|---|',
    '| One process, nothing beside Node | none |',
    '| One process on MySQL or MariaDB | `DATABASE_URL`, `SECRET_KEY` |',
    '| Several processes, each api, worker or both | the same `DATABASE_URL` with MySQL or MariaDB, `SECRET_KEY` and `REDIS_URL` for all; `ROLES` for each |',
    '',
    'On SQLite a second process on the same file refuses to start, with or without Redis. On MySQL no process starts beside one',
    'without `REDIS_URL`, and one without starts beside no other.',
  );
}

function renderEnvironment(settings: readonly Setting[]): string {
  const blocks = settings.flatMap(({ name, byDefault, meaning }) => ['', `# ${meaning}`, `#${name}=${byDefault}`]);
  return lines(
    '# Made by npm run docs from CONFIG_SCHEMA in src/platform/config/config.ts.',
    '# Copy it to .env and uncomment what you change: what is commented out has the value shown here, or none.',
    ...blocks,
  );
}

function renderEvents(examples: Record<EventType, EventEnvelope>): string {
  return lines(
    '# Events',
    '',
    MADE_BY,
    '',
    'What happens to conversations, messages, agents and visitors is told as events, and what the service does to callbacks by',
    'itself. The same envelope goes to callbacks, to Socket.IO clients and into the event log at `GET /api/v1/events`, where',
    'each event also has its `position`:',
    '',
    '```json',
    JSON.stringify({ ...examples['agent.status_changed'], data: { '…': '…' } }, null, 2),
    '```',
    '',
    '- `id` stays the same over all attempts and on all ways: it is what a receiver deduplicates by.',
    '- `timestamp` is when it happened, in Unix seconds. Instants within `data` are RFC 3339 in UTC.',
    '- `position` (event log) is 1, 2, 3 … within an organization, given after the commit: who reads on from a position or a',
    '  `next_cursor` skips nothing, however late it was committed.',
    '- Members may be added to `data` and events to this list; receivers ignore what they do not know.',
    '',
    'An endpoint names what it wants in `events`: a name, all of one kind (`message.*`) or all (`*`). A socket whose caller has',
    'the scope `events:read` gets all events that the caller may see, without asking.',
    '',
    'The examples below were recorded from the running service; only ids and the host name of the receiver were replaced.',
    'A test makes every event happen and compares the names and types of its members with these',
    '([event-examples.json](event-examples.json) holds them with their envelopes).',
    '',
    '| Event | What has happened |',
    '|---|---|',
    ...EVENT_TYPES.map((type) => `| [\`${type}\`](#${anchorOf(type)}) | ${EVENT_CATALOGUE[type].happened} |`),
    ...EVENT_TYPES.flatMap((type) => renderEvent(type, examples[type])),
  );
}

/** For the service itself, which is installed without docs/. */
function renderExamples(examples: Record<EventType, EventEnvelope>): string {
  const data = Object.fromEntries(EVENT_TYPES.map((type) => [type, examples[type].data]));
  return lines(
    "import type { EventType } from '../../../kernel/domain-event.js';",
    '',
    '/** The data of an example of each event, as docs/events.md shows it. Made by npm run docs; changes made here are lost. */',
    `export const EVENT_EXAMPLES: Readonly<Record<EventType, Record<string, unknown>>> = ${JSON.stringify(data, null, 2)};`,
  );
}

function renderEvent(type: EventType, { data }: EventEnvelope): string[] {
  const { happened, optional = [] } = EVENT_CATALOGUE[type];
  const names = optional.map((name) => `\`${name}\``).join(', ');
  return [
    '',
    `## ${type}`,
    '',
    happened,
    ...(optional.length > 0 ? [`Not always there: ${names}.`] : []),
    '',
    '```json',
    JSON.stringify(data, null, 2),
    '```',
  ];
}

/** As GitHub and GitLab name the anchor of a heading: lower case, without dots. */
function anchorOf(heading: string): string {
  return heading.replaceAll('.', '');
}

function lines(...text: string[]): string {
  return `${text.join('\n')}\n`;
}

function record(): void {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const env = { ...process.env, RECORD_EVENT_EXAMPLES: '1' };
  const { status } = spawnSync(process.execPath, [vitest, 'run', RECORDER], { cwd: ROOT, env, stdio: 'inherit' });
  if (status !== 0) throw new Error('The events could not be recorded.');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--record')) record();
  for (const { path, text } of generatedFiles()) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    console.log(path);
  }
}
