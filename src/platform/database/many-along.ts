import { In } from 'typeorm';
import type { FindOptionsWhere, ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';
import { indexHint } from './index-hint.js';

/**
 * The rows of a query on one table that has a key of one column, found along this index and no other, which
 * TypeORM cannot say: with the `USE INDEX` that it knows MySQL still reads a page in the middle from the beginning of what
 * has the first column. First the keys, which the index has, then the rows; once more where one was deleted between the
 * two, so that what is there is not taken for less than it is.
 */
export async function manyAlong<T extends ObjectLiteral>(query: SelectQueryBuilder<T>, index: string): Promise<T[]> {
  const { alias, connection } = query;
  const { tableName, primaryColumns, target } = query.expressionMap.mainAlias!.metadata;
  const key = primaryColumns[0]!.propertyName;
  const [sql, parameters] = query.clone().select(`${alias}.${key}`, 'found').getQueryAndParameters();
  const from = `FROM ${connection.driver.escape(tableName)} ${connection.driver.escape(alias)}`;
  const hint = indexHint(connection.options.type === 'mysql' ? 'mysql' : 'sqlite', index);
  // In the unit that the query is part of, if it is part of one.
  const { queryRunner } = query as unknown as { queryRunner?: QueryRunner };
  for (;;) {
    const found = await connection.query<{ found: string | number }[]>(sql.replace(from, `${from} ${hint}`), parameters, queryRunner);
    if (found.length === 0) return [];
    const keys = found.map((row) => row.found);
    const rows = await (queryRunner?.manager ?? connection.manager).findBy<T>(target, { [key]: In(keys) } as FindOptionsWhere<T>);
    const byKey = new Map(rows.map((row) => [String(row[key]), row]));
    if (rows.length === keys.length) return keys.map((key) => byKey.get(String(key))!);
  }
}
