import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aConversation } from '../support/desk.js';
import { API_KEY, startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('npm run statistics:rebuild', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  function run(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/rebuild-statistics.ts'], { cwd: ROOT, env: { PATH: process.env.PATH, ...env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString('utf8')));
    return new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (code) => resolve({ code, output }));
    });
  }

  it('counts everything anew while the service runs, and shows how far it is', async () => {
    for (let index = 0; index < 3; index++) await aConversation(app.api);
    // A report makes the agents known that there are: they are counted beside the conversations.
    expect((await app.api.get('/statistics/report?type=agent&start_date=2026-03-01&end_date=2026-03-01')).status).toBe(200);
    const { code, output } = await run({ CROSSDESK_URL: app.url, CROSSDESK_API_KEY: API_KEY });
    expect([code, output]).toEqual([0, expect.stringMatching(/conversations, tickets and agents 100 % .* 4 of 4/)]);
    expect((await app.api.get('/statistics/rebuild')).body).toMatchObject({ status: 'done', counted: 4 });
  }, 60_000);

  it('says what it lacks', async () => {
    expect(await run({ CROSSDESK_URL: app.url })).toMatchObject({ code: 1, output: expect.stringContaining('CROSSDESK_API_KEY') });
    expect(await run({ CROSSDESK_URL: app.url, CROSSDESK_API_KEY: 'cdk_nobodysnobodysnobodysnobodys' })).toMatchObject({ code: 1, output: expect.stringContaining('401') });
    expect(await run({ CROSSDESK_URL: 'http://127.0.0.1:9', CROSSDESK_API_KEY: API_KEY })).toMatchObject({ code: 1, output: expect.stringContaining('Nothing answers') });
  }, 60_000);
});
