import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBuiltServer } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  // Whatever is not this service cannot be reached.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];
const SCREENSHOT = join(tmpdir(), 'crossdesk-swagger-ui.png');
const STEP_TIMEOUT_MS = 30_000;
/** A browser takes its time where other tests run beside it. */
const TEST_TIMEOUT_MS = 90_000;

const browser = findBrowser();
const skipped = browser === undefined && process.env.CI !== 'true';
if (skipped) {
  const bar = '!'.repeat(80);
  console.warn(`\n${bar}\n! SWAGGER UI WAS NOT TESTED: none of ${NAMES.join(', ')} is on the PATH\n${bar}\n`);
}

function findBrowser(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(skipped)('Swagger UI of the built server, in a browser', { timeout: TEST_TIMEOUT_MS }, () => {
  const complaints: string[] = [];
  const requested = new Set<string>();
  let server: BuiltServer;
  let profile: string;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    if (browser === undefined) throw new Error(`None of ${NAMES.join(', ')} is on the PATH; with CI=true that is a failure.`);
    server = await startBuiltServer({ ROLES: 'api' });
    profile = mkdtempSync(join(tmpdir(), 'crossdesk-chromium-'));
    context = await chromium.launchPersistentContext(profile, { executablePath: browser, args: FLAGS, viewport: { width: 1280, height: 1600 } });
    page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requested.add(new URL(request.url()).origin);
    });
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    await context?.close();
    await server?.stop();
    if (profile !== undefined) rmSync(profile, { recursive: true, force: true });
  });

  async function open(operationId: string): Promise<Locator> {
    const operation = page.locator(`.opblock[id$="-${operationId}"]`);
    await operation.locator('.opblock-summary-control').first().click();
    return operation;
  }

  /** Status, headers and body as the page shows them. */
  async function execute(operation: Locator): Promise<{ status: string; headers: string; body: string }> {
    await operation.locator('.btn.execute').click();
    const answer = operation.locator('.live-responses-table .response');
    await answer.waitFor();
    return {
      status: (await answer.locator('.response-col_status').innerText()).trim(),
      headers: await answer.locator('pre:has(.headerline)').innerText(),
      body: await answer.locator('.response-col_description pre').first().innerText(),
    };
  }

  it('authorizes with the API key and creates an agent by Try it out', async () => {
    await page.goto(`${server.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    expect(await page.title()).toBe('crossdesk API');

    await page.locator('.btn.authorize').first().click();
    const apiKey = page.locator('.auth-container', { hasText: 'X-API-Key' });
    await apiKey.locator('input').fill(server.api.headers['x-api-key']!);
    await apiKey.getByRole('button', { name: 'Apply credentials' }).or(apiKey.locator('.btn.authorize')).first().click();
    await page.locator('.btn-done').first().click();

    const create = await open('Agents_create');
    const body = create.locator('textarea.body-param__text');
    const shown = JSON.parse(await body.inputValue()) as object;
    expect(shown).toMatchObject({ username: 'li.wei', skills: ['billing'] });
    await body.fill(JSON.stringify({ ...shown, username: 'made.by.hand', nickname: '手工' }, null, 2));
    const answer = await execute(create);
    await page.screenshot({ path: SCREENSHOT });

    expect(answer.status).toMatch(/^201/);
    const [, location] = /location: (\S+)/.exec(answer.headers) ?? [];
    const { id } = JSON.parse(answer.body) as { id: string };
    expect(location).toBe(`/api/v1/agents/${id}`);
    const agents = await server.api.get('/agents?username=made.by.hand');
    expect(agents.body.data).toMatchObject([{ id, nickname: '手工' }]);
  });

  it('lists without a filter that nobody has set', async () => {
    const answer = await execute(await open('Agents_list'));
    expect(answer.status).toMatch(/^200/);
    expect((JSON.parse(answer.body) as { data: { username: string }[] }).data.map(({ username }) => username)).toEqual(['made.by.hand', 'admin']);
  });

  it('needs nothing from elsewhere and complains of nothing', () => {
    expect([...requested]).toEqual([server.url]);
    expect(complaints).toEqual([]);
  });
});
