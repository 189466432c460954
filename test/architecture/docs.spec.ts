import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT, generatedFiles } from '../../scripts/generate-docs.js';
import { readConfig } from '../../src/platform/config/config.js';

const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...markdownBelow('docs'), ...markdownBelow('examples')];
/** What npm knows without a script of that name. */
const NPM_COMMANDS = ['ci', 'install', 'run', 'exec'];

describe('documents', () => {
  it.each(generatedFiles())('$path is what npm run docs writes', ({ path, text }) => {
    expect(existsSync(join(ROOT, path)) && read(path)).toBe(text);
  });

  it('shows settings in .env.example that the service takes as they are', () => {
    const settings = parseEnv(read('.env.example').replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
    expect(readConfig(settings)).toEqual(readConfig({}));
  });

  it.each(DOCUMENTS)('%s has no broken local link', (document) => {
    const broken = linksIn(document).filter((link) => !leadsSomewhere(document, link));
    expect(broken).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names only paths that exist', (document) => {
    const missing = pathsIn(document).filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names only npm scripts that exist', (document) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const unknown = npmScriptsIn(document).filter((name) => !(name in scripts));
    expect(unknown).toEqual([]);
  });
});

function markdownBelow(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.md') && !name.includes('node_modules')).map((name) => join(folder, name)).toSorted();
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Targets of `[text](target)` outside of code, without those on the web. */
function linksIn(document: string): string[] {
  const prose = read(document).replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '`code`');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^(https?|mailto):/.test(target));
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path, anchor] = link.split('#', 2) as [string, string | undefined];
  const target = path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path));
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || !target.endsWith('.md') || anchorsOf(target).includes(anchor);
}

function anchorsOf(document: string): string[] {
  return [...read(document).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'),
  );
}

/** Paths in code words such as `src/kernel/ids.ts`; what has a placeholder in it is none. */
function pathsIn(document: string): string[] {
  const words = [...read(document).matchAll(/`((?:src|test|scripts|docs|examples|\.ci)\/[^`\s]*)`/g)].map(([, path]) => path!);
  return words.filter((path) => !/[*…<>{}]/.test(path));
}

function npmScriptsIn(document: string): string[] {
  const code = [...read(document).matchAll(/^```[\s\S]*?^```|`[^`\n]+`/gm)].map(([fragment]) => fragment).join('\n');
  const named = [...code.matchAll(/\bnpm (?:run (?:(?:-s|--silent) )?)?([a-z][\w:-]*)/g)].map(([, name]) => name!);
  return named.filter((name) => !NPM_COMMANDS.includes(name));
}
