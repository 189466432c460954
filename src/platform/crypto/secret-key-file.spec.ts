import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config/config.js';
import { secretKeys } from './secret-key-file.js';

describe('the secret key', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'crossdesk-key-'))));

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const keys = (environment: Record<string, string> = {}) => secretKeys(readConfig({ DATABASE_URL: `sqlite:${join(folder, 'data', 'desk.sqlite')}`, ...environment }));

  it('is made once, beside the database, for its owner alone', () => {
    const first = keys();
    expect(first).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
    expect(keys()).toEqual(first);
    const file = join(folder, 'data', 'secret.key');
    expect(readFileSync(file, 'utf8').trim()).toBe(first[0]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is the configured one where there is one', () => {
    expect(keys({ SECRET_KEY: 'a key of sixteen letters, another of sixteen letters' })).toEqual(['a key of sixteen letters', 'another of sixteen letters']);
    expect(() => statSync(join(folder, 'data', 'secret.key'))).toThrow('ENOENT');
  });

  it.each(['', '\n', 'short\n'])('is not taken from a file that was damaged: %j', (text) => {
    keys();
    writeFileSync(join(folder, 'data', 'secret.key'), text);
    expect(() => keys()).toThrow(/secret\.key is damaged/);
  });
});
