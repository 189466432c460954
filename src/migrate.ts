import 'reflect-metadata';
import { migrateOnly } from './app/migrate-only.js';

await migrateOnly();
