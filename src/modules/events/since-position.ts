import { Injectable } from '@nestjs/common';
import { indexHint } from '../../platform/database/index-hint.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';

/** Of what happened since then so much is looked at for the first in the log. */
const LOOKED_AT = 50_000;

/**
 * From which position on the log has what happened since an instant. The log is in the order of commits, and no index has
 * both: without this a page reads all that happened before.
 *
 * The clocks of several processes differ, so what is later in time may come first in the log. What is dated behind 50,000
 * later events and yet stands before all of them is not waited for: it did not happen since then.
 */
@Injectable()
export class SincePosition {
  private readonly first: string;

  constructor(private readonly unitOfWork: UnitOfWork) {
    const later = (announced: 0 | 1): string =>
      `SELECT * FROM (SELECT position FROM events ${indexHint(unitOfWork.dialect, 'events_occurred')}
       WHERE organization_id = ? AND announced = ${announced} AND occurred_at >= ? ORDER BY occurred_at LIMIT ?) of_${announced}`;
    this.first = `SELECT MIN(later.position) AS position FROM (${later(1)} UNION ALL ${later(0)}) later`;
  }

  /** Null where nothing has happened since. */
  async of(organizationId: string, since: number): Promise<number | null> {
    const asked = [organizationId, since, LOOKED_AT];
    const [row] = await this.unitOfWork.query<{ position: number | null }>(this.first, [...asked, ...asked]);
    const position = row?.position ?? null;
    return position === null ? null : Number(position);
  }
}
