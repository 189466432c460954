import type { UnitOfWork } from './unit-of-work.js';

/** The ids of an organization's rows in their order, `limit` of them behind `afterId`: for going through all of a table. */
export async function idsAfter(unitOfWork: UnitOfWork, table: string, organizationId: string, afterId: string, limit: number): Promise<string[]> {
  const rows = await unitOfWork.query<{ id: string }>(`SELECT id FROM ${table} WHERE organization_id = ? AND id > ? ORDER BY id LIMIT ?`, [organizationId, afterId, limit]);
  return rows.map(({ id }) => id);
}

export async function countRows(unitOfWork: UnitOfWork, table: string, organizationId: string): Promise<number> {
  const [row] = await unitOfWork.query<{ count: number }>(`SELECT COUNT(*) AS count FROM ${table} WHERE organization_id = ?`, [organizationId]);
  return Number(row!.count);
}
