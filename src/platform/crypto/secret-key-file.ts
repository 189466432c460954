import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.js';

const KEY_BYTES = 32;
const KEY_PATTERN = /^[\w-]{43}$/;

/** The configured keys; on SQLite, where none is configured, one that is made once and kept beside the database. */
export function secretKeys(config: Config): string[] {
  if (config.values.SECRET_KEY.length > 0) return config.values.SECRET_KEY;
  const file = join(dirname(config.sqlitePath), 'secret.key');
  mkdirSync(dirname(file), { recursive: true });
  create(file);
  const key = readFileSync(file, 'utf8').trim();
  if (!KEY_PATTERN.test(key)) {
    throw new Error(`${file} is damaged. Bring it back from a backup: what is stored encrypted cannot be read with another key.`);
  }
  return [key];
}

/** On the disk before anything is encrypted with it: a power failure must not keep the database and lose the key. */
function create(file: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  try {
    writeSync(descriptor, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
