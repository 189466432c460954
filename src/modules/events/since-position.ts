import { Injectable } from '@nestjs/common';
import { indexHint } from '../../platform/database/index-hint.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';

/** Of what happened since then so much is looked at for the one that was written first. */
const LOOKED_AT = 100_000;
/** More than are written by transactions that are open at one time: among so many, one has its position before all that follow. */
const WRITTEN_TOGETHER = 10_000;

/**
 * From which position on the log has what happened since an instant. The log is in the order of commits, and no index has
 * both: without this a page reads all that happened before.
 *
 * The clocks of several processes differ, so what is later in time may come first in the log. What is dated behind 100,000
 * later events and yet was written before all of them is not waited for: it did not happen since then.
 */
@Injectable()
export class SincePosition {
  private readonly firstWritten: string;
  private readonly firstPositioned: string;

  constructor(private readonly unitOfWork: UnitOfWork) {
    const { dialect } = unitOfWork;
    const later = (announced: 0 | 1): string =>
      `SELECT * FROM (SELECT number FROM events ${indexHint(dialect, 'events_occurred')}
       WHERE organization_id = ? AND announced = ${announced} AND occurred_at >= ? ORDER BY occurred_at LIMIT ?) of_${announced}`;
    this.firstWritten = `SELECT MIN(later.number) AS number FROM (${later(1)} UNION ALL ${later(0)}) later`;
    this.firstPositioned = `SELECT MIN(position) AS position FROM events ${dialect === 'mysql' ? indexHint(dialect, 'PRIMARY') : 'NOT INDEXED'}
      WHERE number >= ? AND number < ? AND organization_id = ?`;
  }

  /** Null where nothing has happened since. */
  async of(organizationId: string, since: number): Promise<number | null> {
    const asked = [organizationId, since, LOOKED_AT];
    const [first] = await this.unitOfWork.query<{ number: number | null }>(this.firstWritten, [...asked, ...asked]);
    const number = first?.number ?? null;
    if (number === null) return null;
    const [row] = await this.unitOfWork.query<{ position: number | null }>(this.firstPositioned, [Number(number), Number(number) + WRITTEN_TOGETHER, organizationId]);
    return row?.position == null ? null : Number(row.position);
  }
}
