/**
 * Writes docs/openapi.json, as the built server serves it: npm run docs:openapi
 *
 * test/smoke/openapi.spec.ts fails while the file is stale.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../test/support/server-process.js';

const FILE = new URL('../docs/openapi.json', import.meta.url);

const folder = mkdtempSync(join(tmpdir(), 'crossdesk-openapi-'));
try {
  const server = await startServer({ DATABASE_URL: `sqlite:${join(folder, 'crossdesk.sqlite')}`, ROLES: 'api', LOG_LEVEL: 'fatal' });
  try {
    const response = await fetch(`${server.url}/docs-json`);
    if (response.status !== 200) throw new Error(`/docs-json answered ${response.status}`);
    mkdirSync(new URL('.', FILE), { recursive: true });
    writeFileSync(FILE, `${JSON.stringify(await response.json(), null, 2)}\n`);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
