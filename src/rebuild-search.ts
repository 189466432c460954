import 'reflect-metadata';
import { rebuildSearch } from './app/rebuild-search.js';

await rebuildSearch();
// What the service keeps open for callers that may come would keep this process, too.
process.exit();
