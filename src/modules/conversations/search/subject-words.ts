import { Injectable } from '@nestjs/common';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { indexedText } from '../../../platform/search/terms.js';

interface Stored {
  id: string;
  organization_id: string;
  subject: string | null;
}

const COLUMNS = ['organization_id', 'conversation_id', 'body'] as const;

/** The words of subjects, made from the conversations as they are now: done again it changes nothing. */
@Injectable()
export class SubjectWords {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Part of the open unit. */
  async renew(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const list = placeholders(ids.length);
    // Locked, so that of two who do this at once the second one sees what the first has written.
    const subjects = await this.unitOfWork.query<Stored>(
      `SELECT id, organization_id, subject FROM conversations WHERE id IN (${list}) ORDER BY id${this.unitOfWork.forUpdate}`,
      [...ids],
    );
    const wanted = new Map(subjects.map((row) => [row.id, { ...row, body: indexedText(row.organization_id, row.subject ?? '') }]));
    const known = await this.unitOfWork.query<{ number: number; conversation_id: string; body: string }>(
      `SELECT number, conversation_id, body FROM conversation_search WHERE conversation_id IN (${list})`,
      [...ids],
    );
    const right = new Set(known.filter(({ conversation_id, body }) => wanted.get(conversation_id)?.body === body).map(({ conversation_id }) => conversation_id));
    await this.remove(known.filter(({ conversation_id }) => !right.has(conversation_id)).map(({ number }) => number));
    const missing = [...wanted.values()].filter(({ id, body }) => body !== '' && !right.has(id));
    await addRows(this.unitOfWork, 'conversation_search', COLUMNS, missing.map((row) => [row.organization_id, row.id, row.body]));
  }

  /** Makes the words of the next conversations behind an id anew; returns up to which one, null at the end. */
  async renewAfter(id: string, limit: number): Promise<string | null> {
    return this.unitOfWork.run(async () => {
      const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM conversations WHERE id > ? ORDER BY id LIMIT ?', [id, limit]);
      await this.renew(rows.map((row) => row.id));
      return rows.at(-1)?.id ?? null;
    });
  }

  private async remove(numbers: readonly number[]): Promise<void> {
    if (numbers.length > 0) await this.unitOfWork.write(`DELETE FROM conversation_search WHERE number IN (${placeholders(numbers.length)})`, numbers);
  }
}
