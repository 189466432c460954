import type { DataSource, QueryRunner } from 'typeorm';
import { sha256 } from '../crypto/hash.js';

/**
 * A lock of the MySQL server, held by one connection: it ends with the connection, however that ends. With several
 * places so many may hold it at a time. Its names are the server's and not the database's, so they carry the database's.
 */
export class NamedLock {
  private readonly names: readonly string[];

  constructor(
    private readonly dataSource: DataSource,
    purpose: 'instance' | 'shared' | 'migrate',
    places = 1,
  ) {
    const name = `crossdesk:${purpose}:${sha256(String(dataSource.driver.database)).slice(0, 24)}`;
    this.names = places === 1 ? [name] : Array.from({ length: places }, (_, place) => `${name}:${place}`);
  }

  /** The connection that holds the lock now, or null when others held every place of it all that time. */
  async take(waitSeconds: number): Promise<QueryRunner | null> {
    const runner = this.dataSource.createQueryRunner();
    let locked = false;
    try {
      for (const name of this.names) {
        const [row] = (await runner.query('SELECT GET_LOCK(?, ?) AS locked', [name, waitSeconds])) as { locked: number | null }[];
        locked = Number(row?.locked) === 1;
        if (locked) break;
      }
    } finally {
      if (!locked) await runner.release();
    }
    return locked ? runner : null;
  }

  async isHeld(): Promise<boolean> {
    const holders = this.names.map(() => 'IS_USED_LOCK(?)').join(', ');
    const [row] = (await this.dataSource.query(`SELECT COALESCE(${holders}) AS holder`, [...this.names])) as { holder: number | null }[];
    return row?.holder != null;
  }

  async release(holder: QueryRunner): Promise<void> {
    await holder.query('SELECT RELEASE_ALL_LOCKS()').catch(() => undefined);
    await holder.release();
  }
}
