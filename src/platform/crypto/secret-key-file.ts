import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.js';

/** The configured keys; on SQLite, where none is configured, one that is made once and kept beside the database. */
export function secretKeys(config: Config): string[] {
  if (config.values.SECRET_KEY.length > 0) return config.values.SECRET_KEY;
  const file = join(dirname(config.sqlitePath), 'secret.key');
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return [readFileSync(file, 'utf8').trim()];
}
