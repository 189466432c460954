import { readdirSync } from 'node:fs';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { columnTarget, resolveColumnTypes } from './columns.js';
import type { ColumnTarget } from './columns.js';
import { dataSourceOptions } from './data-source-options.js';

/**
 * A data source, not yet initialized, that knows every entity below `folder`: for TypeORM's command line and for the
 * comparison of entities and tables. The application's own takes its entities from the modules instead.
 */
export async function toolingDataSource(config: Config, folder: URL): Promise<DataSource> {
  const entities = await entitiesBelow(folder);
  const options = dataSourceOptions(config);
  const target = await targetOf(options);
  resolveColumnTypes(target);
  // TypeORM reads MariaDB's catalogue rightly only under this name; to a running application it makes no difference.
  const type = target.collation?.includes('nopad') === true ? 'mariadb' : options.type;
  return new ToolingDataSource({ ...options, type, entities } as DataSourceOptions);
}

class ToolingDataSource extends DataSource {
  /**
   * On SQLite a table is changed by making it anew, and rows that refer to it forbid that. TypeORM lets go of the foreign keys too,
   * yet here, unlike before `up`, only inside of the transaction, where SQLite takes no notice.
   */
  override async undoLastMigration(...options: Parameters<DataSource['undoLastMigration']>): Promise<void> {
    if (this.options.type === 'mysql' || this.options.type === 'mariadb') return super.undoLastMigration(...options);
    await this.query('PRAGMA foreign_keys = OFF');
    try {
      await super.undoLastMigration(...options);
    } finally {
      await this.query('PRAGMA foreign_keys = ON');
    }
  }
}

/** Types are resolved in what has been loaded, so the files are imported here and not left to TypeORM's own glob. */
async function entitiesBelow(folder: URL): Promise<Function[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.entity\.[jt]s$/.test(file));
  const loaded = await Promise.all(
    files.map(async (file) => (await import(new URL(file.replaceAll('\\', '/'), folder).href)) as Record<string, unknown>),
  );
  return loaded.flatMap((exported) => Object.values(exported)).filter((value): value is Function => typeof value === 'function');
}

async function targetOf(options: DataSourceOptions): Promise<ColumnTarget> {
  if (options.type !== 'mysql') return { dialect: 'sqlite' };
  const dataSource = await new DataSource(options).initialize();
  try {
    return await columnTarget(dataSource.createQueryRunner());
  } finally {
    await dataSource.destroy();
  }
}
