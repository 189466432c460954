import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { addFullText, dropFullText } from '../full-text.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
/** The number of a message is also that of its words; those of a subject have one of their own. */
const GIVEN = { isGenerated: false, generationStrategy: undefined };
const TABLES = [
  { name: 'message_search', words: 'message_search_words_index', number: GIVEN, keys: { index: { message_search_conversation: ['conversation_id'] } } },
  { name: 'conversation_search', words: 'conversation_search_words_index', number: {}, keys: { unique: { conversation_search_conversation: ['conversation_id'] } } },
];

/** The words of messages and of the subjects of conversations. */
export class Search1795470000000 implements MigrationInterface {
  name = 'Search1795470000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    for (const { name, words, number, keys } of TABLES) {
      const columns = [c('number', { kind: 'serial' }, number), c('organization_id', ID), c('conversation_id', ID), c('body', { kind: 'long' })];
      await runner.createTable(tableOf(name, columns, keys), true);
      await addFullText(runner, target.dialect, name, words);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const { dialect } = await columnTarget(runner);
    for (const { name, words } of TABLES) {
      await dropFullText(runner, dialect, name, words);
      await runner.dropTable(name);
    }
  }
}
