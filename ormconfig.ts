import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readEnvironment } from './src/platform/config/config.js';
import { resolveColumnTypes } from './src/platform/database/columns.js';
import { dataSourceOptions } from './src/platform/database/data-source-options.js';

/** The data source of TypeORM's own command line, with the application's options. */
const config = readEnvironment();
const options = { ...dataSourceOptions(config), entities: ['src/**/*.entity.ts'] };
resolveColumnTypes(config.dialect);

export default new DataSource(options);
