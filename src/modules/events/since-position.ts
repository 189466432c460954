import { Injectable } from '@nestjs/common';
import { indexHint } from '../../platform/database/index-hint.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';

/** Of what happened since then so much is looked at for the first in the log. */
const LOOKED_AT = 50_000;
const BEGINNING = 1;

/**
 * From which position on the log may have what happened since an instant. The log is in the order of commits, which that of
 * instants is not: clocks differ, and history is brought in later. No index has both, and without this a page reads all
 * that happened before. Where more has happened than is looked at, it begins with the log.
 */
@Injectable()
export class SincePosition {
  private readonly first: string;

  constructor(private readonly unitOfWork: UnitOfWork) {
    const later = (announced: 0 | 1): string =>
      `SELECT * FROM (SELECT position FROM events ${indexHint(unitOfWork.dialect, 'events_occurred')}
       WHERE organization_id = ? AND announced = ${announced} AND occurred_at >= ? ORDER BY occurred_at LIMIT ?) of_${announced}`;
    this.first = `SELECT COUNT(*) AS looked_at, MIN(later.position) AS position FROM (${later(1)} UNION ALL ${later(0)}) later`;
  }

  /** Null where nothing has happened since. */
  async of(organizationId: string, since: number): Promise<number | null> {
    const asked = [organizationId, since, LOOKED_AT];
    const [row] = await this.unitOfWork.query<{ looked_at: number; position: number | null }>(this.first, [...asked, ...asked]);
    if (Number(row!.looked_at) >= LOOKED_AT) return BEGINNING;
    return row!.position === null ? null : Number(row!.position);
  }
}
