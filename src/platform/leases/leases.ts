import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.js';
import { changeRows } from '../database/rows.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import type { UnitOfWork } from '../database/unit-of-work.js';

/**
 * Elects one process for a task, in the database. A lease saves double work and nothing more: clocks differ and a
 * process may stall past the end of its lease, so what runs under it must be safe when it runs twice.
 */
export class Leases {
  private readonly holder = randomUUID();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Takes or renews the lease; false while another process holds it. */
  async acquire(name: string, leaseMs: number): Promise<boolean> {
    const now = this.clock.now();
    try {
      return await this.unitOfWork.run(async () => {
        const taken = await changeRows(
          this.unitOfWork,
          'UPDATE leases SET holder = ?, expires_at = ? WHERE name = ? AND (holder = ? OR expires_at < ?)',
          [this.holder, now + leaseMs, name, this.holder, now],
        );
        if (taken > 0) return true;
        const [row] = await this.unitOfWork.query('SELECT name FROM leases WHERE name = ?', [name]);
        if (row !== undefined) return false;
        await changeRows(this.unitOfWork, 'INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)', [name, this.holder, now + leaseMs]);
        return true;
      });
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }
}
