import type { DataSource, QueryRunner } from 'typeorm';
import { sha256 } from '../crypto/hash.js';

/**
 * A lock of the MySQL server, held by one connection: it ends with the connection, however that ends. Its names are
 * the server's and not the database's, so they carry the database's.
 */
export class NamedLock {
  private readonly name: string;

  constructor(
    private readonly dataSource: DataSource,
    purpose: 'instance' | 'migrate',
  ) {
    this.name = `crossdesk:${purpose}:${sha256(String(dataSource.driver.database)).slice(0, 24)}`;
  }

  /** The connection that holds the lock now, or null when another one held it all that time. */
  async take(waitSeconds: number): Promise<QueryRunner | null> {
    const runner = this.dataSource.createQueryRunner();
    let locked = false;
    try {
      const [row] = (await runner.query('SELECT GET_LOCK(?, ?) AS locked', [this.name, waitSeconds])) as { locked: number | null }[];
      locked = Number(row?.locked) === 1;
    } finally {
      if (!locked) await runner.release();
    }
    return locked ? runner : null;
  }

  async isHeld(): Promise<boolean> {
    const [row] = (await this.dataSource.query('SELECT IS_USED_LOCK(?) AS holder', [this.name])) as { holder: number | null }[];
    return row?.holder != null;
  }

  async release(holder: QueryRunner): Promise<void> {
    await holder.query('SELECT RELEASE_LOCK(?)', [this.name]).catch(() => undefined);
    await holder.release();
  }
}
