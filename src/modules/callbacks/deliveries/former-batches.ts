import { Injectable } from '@nestjs/common';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';

/**
 * Which deliveries went in one request, also when they have left their batch since: the receiver's answer may tell of
 * each of them.
 */
@Injectable()
export class FormerBatches {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Before deliveries leave their batches, in the same unit. Those that this condition finds must be the ones that leave. */
  async remember(condition: string, parameters: readonly unknown[]): Promise<void> {
    await this.unitOfWork.write(
      `INSERT INTO callback_former_batches (delivery_id, batch_id) SELECT id, batch_id FROM callback_deliveries WHERE batch_id IS NOT NULL AND ${condition}${this.unitOfWork.forUpdate}`,
      parameters,
    );
  }

  /** The batches in which these went once. */
  async batchesOf(deliveryIds: readonly string[]): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ batch_id: string }>(
      `SELECT DISTINCT batch_id FROM callback_former_batches WHERE delivery_id IN (${placeholders(deliveryIds.length)})`,
      [...deliveryIds],
    );
    return rows.map(({ batch_id }) => batch_id);
  }

  /** What has left these batches. */
  async leaversOf(batchIds: readonly string[]): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ delivery_id: string }>(
      `SELECT DISTINCT delivery_id FROM callback_former_batches WHERE batch_id IN (${placeholders(batchIds.length)})`,
      [...batchIds],
    );
    return rows.map(({ delivery_id }) => delivery_id);
  }

  async forget(deliveryIds: readonly string[]): Promise<void> {
    await changeRows(this.unitOfWork, `DELETE FROM callback_former_batches WHERE delivery_id IN (${placeholders(deliveryIds.length)})`, deliveryIds);
  }
}
