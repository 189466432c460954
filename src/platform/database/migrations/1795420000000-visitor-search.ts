import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { searchTerms } from '../../../kernel/search-terms.js';
import { columnTarget, tableColumn } from '../columns.js';
import { tableOf } from '../table.js';

const VISITORS = 'visitors';
const TERMS = 'visitor_terms';
/** Visitors whose terms are written by one statement; SQLite takes 32,766 parameters. */
const STEP = 25;

const INDEXES: Record<string, string[]> = {
  visitors_merged: ['merged_into'],
  visitors_name: ['organization_id', 'name', 'created_at', 'id'],
  visitors_email: ['organization_id', 'email', 'created_at', 'id'],
  visitors_mobile: ['organization_id', 'mobile', 'created_at', 'id'],
  visitors_customer: ['organization_id', 'customer_id', 'created_at', 'id'],
  visitors_type: ['organization_id', 'visitor_type', 'created_at', 'id'],
  visitors_online: ['organization_id', 'online', 'created_at', 'id'],
};

interface Row {
  id: string;
  organization_id: string;
  name: string | null;
  email: string | null;
  mobile: string | null;
  external_id: string | null;
  tags: string;
}

/** What finds visitors by their fields, tags and words, and what becomes of one that is merged or deleted. */
export class VisitorSearch1795420000000 implements MigrationInterface {
  name = 'VisitorSearch1795420000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    for (const [name, kind] of [['merged_into', 'id'], ['erased_at', 'instant']] as const) {
      if (!(await runner.hasColumn(VISITORS, name))) await runner.addColumn(VISITORS, new TableColumn(tableColumn(target, name, { kind }, { isNullable: true })));
    }
    const known = (await runner.getTable(VISITORS))!.indices.map(({ name }) => name);
    for (const [name, columnNames] of Object.entries(INDEXES)) {
      if (!known.includes(name)) await runner.createIndex(VISITORS, new TableIndex({ name, columnNames }));
    }
    const columns = [
      tableColumn(target, 'visitor_id', { kind: 'id' }, { isPrimary: true }),
      tableColumn(target, 'kind', { kind: 'code', length: 8 }, { isPrimary: true }),
      tableColumn(target, 'term', { kind: 'text', length: 100 }, { isPrimary: true }),
      tableColumn(target, 'organization_id', { kind: 'id' }),
    ];
    await runner.createTable(tableOf(TERMS, columns, { index: { visitor_terms_found: ['organization_id', 'kind', 'term', 'visitor_id'] } }), true);
    await this.fill(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(TERMS);
    for (const name of Object.keys(INDEXES).toReversed()) await runner.dropIndex(VISITORS, name);
    await runner.dropColumns(VISITORS, ['erased_at', 'merged_into']);
  }

  private async fill(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM ${TERMS}`);
    for (let after = '', rows: Row[] = []; ; after = rows.at(-1)!.id) {
      rows = (await runner.query(`SELECT id, organization_id, name, email, mobile, external_id, tags FROM ${VISITORS} WHERE id > ? ORDER BY id LIMIT ${STEP}`, [after])) as Row[];
      const terms = rows.flatMap(termsOf);
      if (terms.length > 0) await runner.query(`INSERT INTO ${TERMS} (visitor_id, kind, term, organization_id) VALUES ${terms.map(() => '(?,?,?,?)').join(',')}`, terms.flat());
      if (rows.length < STEP) return;
    }
  }
}

function termsOf({ id, organization_id, name, email, mobile, external_id, tags }: Row): unknown[][] {
  return [
    ...searchTerms([name, email, mobile, external_id]).map((term) => [id, 'word', term, organization_id]),
    ...[...new Set(JSON.parse(tags) as string[])].map((tag) => [id, 'tag', tag, organization_id]),
  ];
}
