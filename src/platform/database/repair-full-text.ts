import { wordsOf } from './full-text.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Makes the full-text index of a table equal to its rows again; MySQL and MariaDB keep theirs by themselves. */
export async function repairFullText(unitOfWork: UnitOfWork, table: string): Promise<void> {
  if (unitOfWork.dialect === 'mysql') return;
  await unitOfWork.run(() => unitOfWork.write(`INSERT INTO ${wordsOf(table)}(${wordsOf(table)}) VALUES ('rebuild')`, []));
}
