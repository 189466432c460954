import { Column, PrimaryColumn, PrimaryGeneratedColumn, getMetadataArgsStorage } from 'typeorm';
import type { ColumnOptions, QueryRunner, TableColumnOptions } from 'typeorm';

export type Dialect = 'sqlite' | 'mysql';

/** A database for which columns are spelled; a collation belongs to MySQL alone. */
export interface ColumnTarget {
  dialect: Dialect;
  collation?: string;
}

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
  | { kind: 'bytes' }
  | { kind: 'instant' }
  | { kind: 'count' }
  | { kind: 'number' }
  | { kind: 'serial' }
  | { kind: 'flag' };

type DialectOptions = Pick<TableColumnOptions, 'type' | 'length' | 'charset' | 'collation'>;

/**
 * Text compares byte by byte, trailing spaces included: SQLite does so by itself, MySQL and MariaDB by the one binary
 * collation without padding that each of them has. `utf8mb4_bin` and `ascii_bin` take "a" and "a " for the same, and
 * an ascii column refuses to be compared with what is not ASCII.
 */
export async function columnTarget(runner: QueryRunner): Promise<ColumnTarget> {
  const { type } = runner.dataSource.options;
  if (type !== 'mysql' && type !== 'mariadb') return { dialect: 'sqlite' };
  const [row] = (await runner.query('SELECT VERSION() AS version')) as { version: string }[];
  return { dialect: 'mysql', collation: /mariadb/i.test(row!.version) ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin' };
}

function dialectOptions(column: ColumnKind, { dialect, collation }: ColumnTarget): DialectOptions {
  const mysql = dialect === 'mysql';
  const unicode = mysql ? { charset: 'utf8mb4', collation } : {};
  switch (column.kind) {
    case 'id':
      return { type: 'varchar', length: '40', ...unicode };
    case 'code':
    case 'text':
      return { type: 'varchar', length: String(column.length), ...unicode };
    case 'long':
    case 'json':
      return { type: mysql ? 'mediumtext' : 'text', ...unicode };
    case 'bytes':
      return { type: mysql ? 'mediumblob' : 'blob' };
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

/** A whole number that the program gives, as the key; SQLite reaches the row itself by it. */
export function PrimaryNumberColumn(): PropertyDecorator {
  return (prototype, property) => {
    kinds.push({ target: prototype.constructor, property: String(property), column: { kind: 'serial' } });
    PrimaryColumn({ type: 'integer', transformer: numberTransformer })(prototype, property);
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
/** A word of the program's own, such as a status, a hash or an event name. */
export const CodeColumn = (length: number, options?: ColumnOptions): PropertyDecorator => column({ kind: 'code', length }, options);
export const TextColumn = (length: number, options?: ColumnOptions): PropertyDecorator => column({ kind: 'text', length }, options);
export const LongTextColumn = (options?: ColumnOptions): PropertyDecorator => column({ kind: 'long' }, options);
export const JsonColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'json' }, { transformer: jsonTransformer, ...options });
/** Bytes as a query gives them: libsql's `all` has no Buffers, unlike its `get` and MySQL's driver. */
export function bytesOf(value: Uint8Array | ArrayBuffer): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}

/** Up to 16 MiB. */
export const BytesColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'bytes' }, { transformer: { to: (value: Uint8Array) => value, from: bytesOf }, ...options });
/** Unix milliseconds. */
export const InstantColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'instant' }, { transformer: numberTransformer, ...options });
export const CountColumn = (options?: ColumnOptions): PropertyDecorator => column({ kind: 'count' }, options);
export const NumberColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'number' }, { transformer: numberTransformer, ...options });
export const FlagColumn = (options?: ColumnOptions): PropertyDecorator =>
  column({ kind: 'flag' }, { transformer: flagTransformer, ...options });

/**
 * Writes each column's type for this database into TypeORM's metadata: after the entities have been loaded, before the
 * data source starts. The collation is of use only to those who compare or make tables.
 */
export function resolveColumnTypes(target: ColumnTarget): void {
  const stored = new Map(getMetadataArgsStorage().columns.map((args) => [`${nameOf(args.target)}.${args.propertyName}`, args]));
  for (const { target: entity, property, column: kind } of kinds) {
    const args = stored.get(`${nameOf(entity)}.${property}`);
    if (args !== undefined) Object.assign(args.options, { length: undefined, charset: undefined, collation: undefined }, dialectOptions(kind, target));
  }
  if (target.dialect === 'sqlite') leaveOutFullTextIndexes();
}

/** SQLite has full text in virtual tables, see `addFullText`. */
function leaveOutFullTextIndexes(): void {
  const { indices } = getMetadataArgsStorage();
  for (let place = indices.length - 1; place >= 0; place--) if (indices[place]!.fulltext === true) indices.splice(place, 1);
}

function nameOf(target: Function | string): string {
  return typeof target === 'string' ? target : target.name;
}

/** The same column for a migration. */
export function tableColumn(
  target: ColumnTarget,
  name: string,
  kind: ColumnKind,
  options: Partial<TableColumnOptions> = {},
): TableColumnOptions {
  const generated = kind.kind === 'serial' ? { isPrimary: true, isGenerated: true, generationStrategy: 'increment' as const } : {};
  return { name, ...dialectOptions(kind, target), ...generated, ...options };
}
