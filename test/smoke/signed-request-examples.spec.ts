import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBuiltServer } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';
import { aPlainApplication, aSigningKey } from '../support/integrations.js';

const EXAMPLES = fileURLToPath(new URL('../../docs/signed-requests/', import.meta.url));
const TSX = fileURLToPath(new URL('../../node_modules/.bin/tsx', import.meta.url));
const run = promisify(execFile);
/** A compiler takes its time where other tests run beside it. */
const TIMEOUT_MS = 60_000;

const LANGUAGES = [
  { name: 'TypeScript', program: TSX, file: 'signed-request.ts', algorithms: ['hmac-sha256', 'ed25519'] },
  { name: 'Python', program: onPath('python3'), file: 'signed_request.py', algorithms: ['hmac-sha256'] },
  { name: 'Java', program: onPath('java'), file: 'SignedRequest.java', algorithms: ['hmac-sha256', 'ed25519'] },
];

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

for (const { name, program } of LANGUAGES) {
  if (program !== undefined) continue;
  const bar = '!'.repeat(80);
  console.warn(`\n${bar}\n! THE SIGNED REQUEST IN ${name.toUpperCase()} WAS NOT TESTED: its interpreter is not on the PATH\n${bar}\n`);
}

describe('the documented signed request, against the built server', { timeout: TIMEOUT_MS }, () => {
  let server: BuiltServer;

  beforeAll(async () => {
    server = await startBuiltServer({ ROLES: 'api' });
  }, TIMEOUT_MS);

  afterAll(() => server?.stop());

  async function answers(program: string, file: string, env: Record<string, string>): Promise<string[]> {
    const { PATH = '', HOME = '' } = process.env;
    const { stdout } = await run(program, [join(EXAMPLES, file)], { env: { PATH, HOME, CROSSDESK_URL: server.url, ...env }, timeout: TIMEOUT_MS });
    return stdout.trim().split('\n');
  }

  for (const { name, program, file, algorithms } of LANGUAGES) {
    describe.skipIf(program === undefined && process.env.CI !== 'true')(`in ${name}`, () => {
      it.each(algorithms)('creates and lists visitors with %s', async (algorithm) => {
        if (program === undefined) throw new Error(`The interpreter of ${file} is not on the PATH; with CI=true that is a failure.`);
        const key = await aSigningKey(server.api, await aPlainApplication(server.api), { algorithm });
        const secret: Record<string, string> = algorithm === 'ed25519' ? { CROSSDESK_PRIVATE_KEY: key.private_key! } : { CROSSDESK_SECRET: key.secret! };
        const [created, listed] = await answers(program, file, { CROSSDESK_KEY_ID: key.id, ...secret });
        expect(created).toMatch(/^201 .*"name":"Ada"/);
        expect(listed).toMatch(/^200 .*"data":\[\{.*"name":"Ada"/);
      });

      it('shows the refusal of a wrong secret', async () => {
        const key = await aSigningKey(server.api, await aPlainApplication(server.api));
        const refused = await answers(program!, file, { CROSSDESK_KEY_ID: key.id, CROSSDESK_SECRET: `${key.secret}x` });
        expect(refused).toEqual([expect.stringMatching(/^401 .*auth.signature_invalid/), expect.stringMatching(/^401 .*auth.signature_invalid/)]);
      });
    });
  }
});
