import 'reflect-metadata';
import { readEnvironment } from './src/platform/config/config.js';
import { toolingDataSource } from './src/platform/database/tooling-data-source.js';

/**
 * The data source of TypeORM's own command line, with the application's options:
 * npx tsx node_modules/typeorm/cli.js migration:show -d ormconfig.ts
 */
export default toolingDataSource(readEnvironment(), new URL('./src/', import.meta.url));
