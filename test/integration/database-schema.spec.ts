import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { readConfig } from '../../src/platform/config/config.js';
import { dataSourceOptions } from '../../src/platform/database/data-source-options.js';
import { Database } from '../../src/platform/database/database.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { MIGRATIONS } from '../../src/platform/database/migrations/migrations.js';
import { toolingDataSource } from '../../src/platform/database/tooling-data-source.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp, TestDatabaseUrl } from '../support/start-test-app.js';

const mysql = process.env.TEST_MATRIX === 'servers';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = new URL('../../src/', import.meta.url);
const SECRET_KEY = 'a secret key for tests that is long enough';

/** Runs a TypeScript file or a program in a process of its own. */
function run(args: string[], env: Record<string, string | undefined>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, SECRET_KEY, ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe('the tables', { timeout: 60_000 }, () => {
  let place: TestDatabaseUrl;
  let opened: DataSource[];

  beforeEach(async () => {
    place = await anEmptyDatabase();
    opened = [];
  });

  afterEach(async () => {
    for (const dataSource of opened) await dataSource.destroy();
    await place.drop();
  });

  const config = () => readConfig({ DATABASE_URL: place.url, REDIS_URL: place.redisUrl, SECRET_KEY });

  async function anOpenDataSource(): Promise<DataSource> {
    const dataSource = await Database.openWriter(dataSourceOptions(config()));
    opened.push(dataSource);
    return dataSource;
  }

  /** What would have to change for the tables to be as the entities say. */
  async function drift(): Promise<string[]> {
    const dataSource = await (await toolingDataSource(config(), SOURCE)).initialize();
    opened.push(dataSource);
    expect(dataSource.entityMetadatas.length).toBeGreaterThanOrEqual(18);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  }

  it('are as the entities say, foreign keys included', async () => {
    await migrate(await anOpenDataSource());
    expect(await drift()).toEqual([]);
  });

  it('are seen to differ when they do', async () => {
    const dataSource = await anOpenDataSource();
    await migrate(dataSource);
    await dataSource.query('DROP INDEX messages_client_msg_no' + (mysql ? ' ON messages' : ''));
    if (mysql) await dataSource.query('ALTER TABLE agents DROP FOREIGN KEY agents_organization_fk');
    if (mysql) await dataSource.query('ALTER TABLE message_search DROP INDEX message_search_words_index');
    const differences = (await drift()).join('\n');
    expect(differences).toContain('messages_client_msg_no');
    if (mysql) expect(differences).toContain('agents_organization_fk');
    if (mysql) expect(differences).toContain('CREATE FULLTEXT INDEX `message_search_words_index`');
  });

  it('can be taken away and made again', async () => {
    const dataSource = await anOpenDataSource();
    expect(await migrate(dataSource)).toEqual(MIGRATIONS.map(({ name }) => name));
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration();
    const left = (await dataSource.query(
      mysql
        ? 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()'
        : "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )) as { name: string }[];
    expect(left).toEqual([{ name: 'migrations' }]);
    expect(await migrate(dataSource)).toEqual(MIGRATIONS.map(({ name }) => name));
    expect(await migrate(dataSource)).toEqual([]);
    expect(await drift()).toEqual([]);
  });

  it('can be taken back one migration with what is stored in them, by the command line of TypeORM', async () => {
    const app = await startTestApp({ database: place });
    const made = await app.api.post('/organizations', { slug: 'kept', name: 'Kept' });
    expect(made.status).toBe(201);
    await app.close();
    const undone = await run(['node_modules/typeorm/cli.js', 'migration:revert', '-d', 'ormconfig.ts'], { DATABASE_URL: place.url });
    expect(undone.code, undone.output).toBe(0);
    const dataSource = await anOpenDataSource();
    expect(await migrate(dataSource)).toEqual([MIGRATIONS.at(-1)!.name]);
    expect(await dataSource.query("SELECT o.name, COUNT(k.id) AS api_keys FROM organizations o JOIN api_keys k ON k.organization_id = o.id WHERE o.slug = 'kept' GROUP BY o.name")).toEqual([{ name: 'Kept', api_keys: 1 }]);
    if (!mysql) expect(await dataSource.query('PRAGMA foreign_key_check')).toEqual([]);
    expect(await drift()).toEqual([]);
  });

  it('name the database once, whatever is done again', async () => {
    const dataSource = await anOpenDataSource();
    await migrate(dataSource);
    const [row] = (await dataSource.query('SELECT id FROM deployments')) as { id: string }[];
    expect(row!.id).toMatch(/^dep_[0-9a-z]{26}$/);
    await migrate(dataSource);
    expect(await dataSource.query('SELECT id FROM deployments')).toEqual([row]);
  });

  it.runIf(mysql)('are completed after a first start that was killed half-way', async () => {
    const dataSource = await anOpenDataSource();
    await migrate(dataSource);
    const before = (await dataSource.query('SELECT id FROM deployments')) as unknown[];
    for (const table of ['leases', 'idempotency_keys', 'callback_attempts', 'callback_deliveries', 'callback_versions', 'callback_endpoints']) {
      await dataSource.query(`DROP TABLE ${table}`);
    }
    await dataSource.query('DELETE FROM migrations');
    await migrate(dataSource);
    expect(await drift()).toEqual([]);
    expect(await dataSource.query('SELECT id FROM deployments')).toEqual(before);
  });

  it.runIf(mysql)('are not made over those of somebody else', async () => {
    const dataSource = await anOpenDataSource();
    await dataSource.query('CREATE TABLE agents (id INT PRIMARY KEY)');
    await expect(migrate(dataSource)).rejects.toThrow(/agents.*exists/);
  });

  it('are made by npm run migrate, which can be run again', async () => {
    const env = { DATABASE_URL: place.url };
    expect(await run(['src/migrate.ts'], env)).toEqual({ code: 0, output: `Migrated: ${MIGRATIONS.map(({ name }) => name).join(', ')}\n` });
    expect(await run(['src/migrate.ts'], env)).toEqual({ code: 0, output: 'The tables are up to date.\n' });
    expect(await drift()).toEqual([]);
  });

  it('are made once by processes that migrate at the same time', async () => {
    const results = await Promise.all([1, 2, 3].map(() => run(['src/migrate.ts'], { DATABASE_URL: place.url })));
    const outputs = results.map(({ output }) => output);
    expect(outputs.filter((output) => output.startsWith('Migrated:'))).toHaveLength(1);
    if (mysql) expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    else for (const { code, output } of results) expect(code === 0 || output.includes('Another process serves')).toBe(true);
    expect(await drift()).toEqual([]);
  });

  it('are known to the command line of TypeORM', async () => {
    const env = { DATABASE_URL: place.url };
    const typeorm = (command: string) => run(['node_modules/typeorm/cli.js', command, '-d', 'ormconfig.ts'], env);
    const before = await typeorm('migration:show');
    expect(before.output).toContain(`[ ] ${MIGRATIONS[0]!.name}`);
    expect((await typeorm('migration:run')).code).toBe(0);
    expect((await typeorm('schema:log')).output).toContain('Your schema is up to date');
  });

  it('are asked for when they are missing and MIGRATE is off', async () => {
    const env = { MIGRATE: 'off' };
    await expect(startTestApp({ database: place, env })).rejects.toThrow(/not up to date .*run npm run migrate, or start with MIGRATE=on/);
    await migrate(await anOpenDataSource());
    for (const dataSource of opened.splice(0)) await dataSource.destroy();
    const app = await startTestApp({ database: place, env });
    expect((await app.as({}).get('//health/ready')).status).toBe(200);
    await app.close();
  });
});

describe('text', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  /** Pairs that careless collations take for the same. */
  const PAIRS: [string, string][] = [
    ['a', 'A'],
    ['a', 'a '],
    ['a ', 'a  '],
    [' a', 'a'],
    ['a', 'á'],
    ['ss', 'ß'],
    ['\u00e9', 'e\u0301'],
    ['ﬁ', 'fi'],
    ['1', '１'],
    ['👍', '👎'],
    ['👍', '👍🏽'],
    ['中', '丽'],
    ['a\t', 'a'],
    ['a\u{e000}', 'a\u{10ffff}'],
  ];

  it.each(PAIRS)('%j and %j are two external ids', async (one, other) => {
    const unique = randomBytes(6).toString('hex');
    const ids: string[] = [];
    for (const external_id of [unique + one, unique + other]) {
      const made = await app.api.post('/visitors', { external_id });
      expect(made.status).toBe(201);
      expect(made.body.external_id).toBe(external_id);
      ids.push(made.body.id);
    }
    expect(ids[0]).not.toBe(ids[1]);
    for (const [index, external_id] of [unique + one, unique + other].entries()) {
      expect((await app.api.post('/visitors', { external_id })).status).toBe(409);
      const { body } = await app.api.post('/conversations', { visitor: { external_id } });
      expect(body.visitor_id).toBe(ids[index]);
    }
  });

  it.each(PAIRS)('%j and %j are two client_msg_no', async (one, other) => {
    const { body: conversation } = await app.api.post('/conversations', { visitor: { external_id: randomBytes(6).toString('hex') } });
    const send = (client_msg_no: string) =>
      app.api.post('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: client_msg_no, client_msg_no });
    const first = await send(`n${one}`);
    const second = await send(`n${other}`);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect([first.body.seq, second.body.seq]).toEqual([1, 2]);
    expect((await send(`n${one}`)).body.id).toBe(first.body.id);
    expect((await send(`n${other}`)).body.id).toBe(second.body.id);
    expect(first.body.content).toBe(`n${one}`);
  });

  it('makes two agents of usernames that differ in case only', async () => {
    for (const username of ['Ada', 'ada', 'ADA']) {
      const made = await app.api.post('/agents', { username, password: `password of ${username}` });
      expect(made.status).toBe(201);
    }
    expect((await app.api.post('/agents', { username: 'ada' })).status).toBe(409);
    await app.login('Ada', 'password of Ada');
    await expect(app.login('ADA', 'password of ada')).rejects.toThrow('401');
  });

  it.each(['%20', '%09', '%00', '%F0%9F%91%8D', 'A'])('finds nothing by an id that has %j behind it', async (more) => {
    const { body: agent } = await app.api.post('/agents', { username: randomBytes(6).toString('hex') });
    const found = await app.api.get(`/agents/${agent.id}${more}`);
    expect(found.status).toBe(404);
    expect((await app.api.get(`/agents/${agent.id.toUpperCase()}`)).status).toBe(404);
  });

  it.each(['%F0%9F%91%8D', '%E4%B8%AD', '%20', '%27%22%60%5C', '%00'])('finds nothing by the id %s, and does not stumble over it', async (id) => {
    for (const path of ['agents', 'visitors', 'conversations', 'messages', 'callbacks', 'events']) {
      expect({ path, status: (await app.api.get(`/${path}/${id}`)).status }).toEqual({ path, status: 404 });
    }
  });

  it('comes back as it was sent', async () => {
    const { body: conversation } = await app.api.post('/conversations', { visitor: { external_id: randomBytes(6).toString('hex') } });
    const content = '  你好 👩‍👩‍👧‍👦 \u{1f6d1}\u0301 \\ \' " ` % _ ? :name \r\n\t \u202e end  ';
    const sent = await app.api.post('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content, metadata: { 'ключ': [content] } });
    expect(sent.status).toBe(201);
    const { body } = await app.api.get(`/messages/${sent.body.id}`);
    expect(body).toMatchObject({ content, metadata: { 'ключ': [content] } });
  });
});
