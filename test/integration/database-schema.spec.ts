import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { Database } from '../../src/platform/database/database.js';
import { startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

describe('the migrations', () => {
  let app: TestApp;
  let dataSource: DataSource;

  beforeAll(async () => {
    app = await startTestApp();
    dataSource = app.app.get(Database).dataSource;
  });

  afterAll(() => app.close());

  it('make exactly the tables of the entities', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });
});
