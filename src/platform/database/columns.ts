import { Column, PrimaryColumn, PrimaryGeneratedColumn, getMetadataArgsStorage } from 'typeorm';
import type { ColumnOptions, TableColumnOptions } from 'typeorm';

export type Dialect = 'sqlite' | 'mysql';

/**
 * The column kinds of this project. Only this file knows how each database spells them: entities name a kind,
 * migrations ask `tableColumn` for it, and `resolveColumnTypes` fills in the entities before TypeORM reads them.
 */
export type ColumnKind =
  | { kind: 'id' }
  | { kind: 'code'; length: number }
  | { kind: 'text'; length: number }
  | { kind: 'long' }
  | { kind: 'json' }
  | { kind: 'instant' }
  | { kind: 'count' }
  | { kind: 'number' }
  | { kind: 'serial' }
  | { kind: 'flag' };

type DialectOptions = Pick<TableColumnOptions, 'type' | 'length' | 'charset' | 'collation'>;

const ASCII = { charset: 'ascii', collation: 'ascii_bin' };
const UNICODE = { charset: 'utf8mb4', collation: 'utf8mb4_bin' };

/** Text compares byte by byte on both databases: SQLite does so by itself, MySQL by its binary collations. */
function dialectOptions(column: ColumnKind, dialect: Dialect): DialectOptions {
  const mysql = dialect === 'mysql';
  switch (column.kind) {
    case 'id':
      return { type: 'varchar', length: '40', ...(mysql ? ASCII : {}) };
    case 'code':
      return { type: 'varchar', length: String(column.length), ...(mysql ? ASCII : {}) };
    case 'text':
      return { type: 'varchar', length: String(column.length), ...(mysql ? UNICODE : {}) };
    case 'long':
    case 'json':
      return mysql ? { type: 'mediumtext', ...UNICODE } : { type: 'text' };
    case 'instant':
    case 'number':
      return { type: 'bigint' };
    case 'serial':
      return { type: mysql ? 'bigint' : 'integer' };
    case 'count':
      return { type: mysql ? 'int' : 'integer' };
    case 'flag':
      return { type: mysql ? 'tinyint' : 'integer' };
  }
}

const kinds: { target: Function; property: string; column: ColumnKind }[] = [];

function column(kind: ColumnKind, options: ColumnOptions = {}): PropertyDecorator {
  return (prototype, property) => {
    kinds.push({ target: prototype.constructor, property: String(property), column: kind });
    Column({ type: 'varchar', ...options })(prototype, property);
  };
}

const jsonTransformer = {
  to: (value: unknown): unknown => (value === null || value === undefined ? value : JSON.stringify(value)),
  from: (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value),
};

const flagTransformer = {
  to: (value: unknown): unknown => (typeof value === 'boolean' ? Number(value) : value),
  from: (value: unknown): unknown => (typeof value === 'number' ? value !== 0 : value),
};

/** MySQL's driver gives a bigint as a string when the connection is set so; SQLite gives a number. */
const numberTransformer = {
  to: (value: unknown): unknown => value,
  from: (value: unknown): unknown => (typeof value === 'string' ? Number(value) : value),
};

export function PrimaryIdColumn(length?: number): PropertyDecorator {
  return (prototype, property) => {
    const kind: ColumnKind = length === undefined ? { kind: 'id' } : { kind: 'code', length };
    kinds.push({ target: prototype.constructor, property: String(property), column: kind });
    PrimaryColumn({ type: 'varchar' })(prototype, property);
  };
}

/** A number given by the database, increasing in the order of insertion. */
export function SerialColumn(): PropertyDecorator {
  return (prototype, property) => {
    kinds.push({ target: prototype.constructor, property: String(property), column: { kind: 'serial' } });
    PrimaryGeneratedColumn({ type: 'integer' })(prototype, property);
  };
}

export const IdColumn = (options?: ColumnOptions): PropertyDecorator => column({ kind: 'id' }, options);
/** Plain ASCII such as a status, a hash or an event name. */
export const CodeColumn = (length: number, options?: ColumnOptions): PropertyDecorator => column({ kind: 'code', length }, options);
export const TextColumn = (length: number, options?: ColumnOptions): PropertyDecorator => column({ kind: 'text', length }, options);
export const LongTextColumn = (options?: ColumnOptions): PropertyDecorator => column({ kind: 'long' }, options);
export const JsonColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'json' }, { transformer: jsonTransformer, ...options });
/** Unix milliseconds. */
export const InstantColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'instant' }, { transformer: numberTransformer, ...options });
export const CountColumn = (options?: ColumnOptions): PropertyDecorator => column({ kind: 'count' }, options);
export const NumberColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'number' }, { transformer: numberTransformer, ...options });
export const FlagColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'flag' }, { transformer: flagTransformer, ...options });

/** Writes each column's type for this database into TypeORM's metadata; once, before the data source starts. */
export function resolveColumnTypes(dialect: Dialect): void {
  const stored = new Map(getMetadataArgsStorage().columns.map((args) => [`${nameOf(args.target)}.${args.propertyName}`, args]));
  for (const { target, property, column: kind } of kinds) {
    const args = stored.get(`${nameOf(target)}.${property}`);
    if (args !== undefined) Object.assign(args.options, dialectOptions(kind, dialect));
  }
}

function nameOf(target: Function | string): string {
  return typeof target === 'string' ? target : target.name;
}

/** The same column for a migration. */
export function tableColumn(
  dialect: Dialect,
  name: string,
  kind: ColumnKind,
  options: Partial<TableColumnOptions> = {},
): TableColumnOptions {
  const generated = kind.kind === 'serial' ? { isPrimary: true, isGenerated: true, generationStrategy: 'increment' as const } : {};
  return { name, ...dialectOptions(kind, dialect), ...generated, ...options };
}
