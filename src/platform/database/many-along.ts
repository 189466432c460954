import type { ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';
import { indexHint } from './index-hint.js';

/**
 * The rows of a query on one table that has a key of one column, found along this index and no other, which
 * TypeORM cannot say: with the `USE INDEX` that it knows MySQL still reads a page in the middle from the beginning of what
 * has the first column. The keys, which the index has, are found inside; the rows of them are joined, so that both are of one moment.
 */
export async function manyAlong<T extends ObjectLiteral>(query: SelectQueryBuilder<T>, index: string): Promise<T[]> {
  const { alias, connection } = query;
  const { mainAlias, orderBys } = query.expressionMap;
  const { tableName, primaryColumns, target } = mainAlias!.metadata;
  const key = `${alias}.${primaryColumns[0]!.propertyName}`;
  const columns = [...new Set([key, ...Object.keys(orderBys)])];
  const nameOf = (column: string): string => `column_${columns.indexOf(column)}`;
  const inside = query.clone().select([]);
  for (const column of columns) inside.addSelect(column, nameOf(column));
  const from = `FROM ${connection.driver.escape(tableName)} ${connection.driver.escape(alias)}`;
  const hint = indexHint(connection.options.type === 'mysql' ? 'mysql' : 'sqlite', index);
  // In the unit that the query is part of, if it is part of one.
  const { queryRunner } = query as unknown as { queryRunner?: QueryRunner };
  const rows = connection
    .createQueryBuilder<T>(target as never, alias, queryRunner)
    .innerJoin(`(${inside.getQuery().replace(from, `${from} ${hint}`)})`, 'found', `found.${nameOf(key)} = ${key}`)
    .setParameters(query.getParameters());
  // By what was found, which MySQL does before it fetches the rows: with them it would write them to a table first.
  for (const [column, order] of Object.entries(orderBys)) rows.addOrderBy(`found.${nameOf(column)}`, order as 'ASC' | 'DESC');
  return rows.getMany();
}
