import { Injectable } from '@nestjs/common';
import { indexHint } from '../../../platform/database/index-hint.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';

/** Ids that one statement names. */
const AT_A_TIME = 5000;

/**
 * What went in one request shares its answer, which may tell of each of them, also when they have left their batch since:
 * whoever forgets one must find the others. All of it is part of the caller's unit.
 */
@Injectable()
export class BatchAnswers {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Before those of these deliveries that meet the condition leave their batches. They are locked, so that the same ones do. */
  async rememberBatches(ids: readonly string[], condition: string, parameters: readonly unknown[] = []): Promise<void> {
    const mysql = this.unitOfWork.dialect === 'mysql';
    const rows = `callback_deliveries ${mysql ? indexHint('mysql', 'PRIMARY') : ''} WHERE id IN (${placeholders(ids.length)})`;
    if (mysql) await this.unitOfWork.query(`SELECT id FROM ${rows} ORDER BY id FOR UPDATE`, [...ids]);
    await this.unitOfWork.write(
      `INSERT INTO callback_former_batches (delivery_id, batch_id) SELECT id, batch_id FROM ${rows} AND batch_id IS NOT NULL AND ${condition}`,
      [...ids, ...parameters],
    );
  }

  /** These deliveries and all that ever went in one request with one of them; locked, as far as they are in a batch. */
  async sharing(ids: readonly string[]): Promise<Set<string>> {
    const batches = new Set<string>();
    await this.collect('SELECT batch_id AS found FROM callback_deliveries WHERE batch_id IS NOT NULL AND id IN', ids, batches);
    await this.collect('SELECT batch_id AS found FROM callback_former_batches WHERE delivery_id IN', ids, batches);
    const sharing = new Set(ids);
    await this.collect('SELECT id AS found FROM callback_deliveries WHERE batch_id IN', [...batches], sharing, ` ORDER BY id${this.unitOfWork.forUpdate}`);
    await this.collect('SELECT delivery_id AS found FROM callback_former_batches WHERE batch_id IN', [...batches], sharing);
    return sharing;
  }

  /** What was answered to these is gone; that there was an answer, and with which status, stays. */
  async forget(ids: Iterable<string>): Promise<void> {
    for (const some of inParts([...ids])) {
      await changeRows(
        this.unitOfWork,
        `UPDATE callback_attempts SET error_message = NULL, response_headers = NULL, response_body = NULL WHERE delivery_id IN (${placeholders(some.length)})`,
        some,
      );
    }
  }

  /** Of deliveries that are deleted. */
  async forgetBatchesOf(ids: readonly string[]): Promise<void> {
    await changeRows(this.unitOfWork, `DELETE FROM callback_former_batches WHERE delivery_id IN (${placeholders(ids.length)})`, ids);
  }

  private async collect(select: string, ids: readonly string[], found: Set<string>, end = ''): Promise<void> {
    for (const some of inParts(ids)) {
      const rows = await this.unitOfWork.query<{ found: string }>(`${select} (${placeholders(some.length)})${end}`, some);
      for (const row of rows) found.add(row.found);
    }
  }
}

function inParts(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / AT_A_TIME) }, (_, part) => ids.slice(part * AT_A_TIME, (part + 1) * AT_A_TIME));
}
