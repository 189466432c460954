import { Injectable } from '@nestjs/common';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { indexedText } from '../../../platform/search/terms.js';

interface Stored {
  number: number;
  organization_id: string;
  conversation_id: string;
  /** JSON; null once recalled. */
  content: string | null;
}

const COLUMNS = ['number', 'organization_id', 'conversation_id', 'body'] as const;

/** The words by which messages are found, made from the messages as they are now: done again it changes nothing. */
@Injectable()
export class MessageWords {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Part of the open unit. */
  async renew(numbers: readonly number[]): Promise<void> {
    if (numbers.length === 0) return;
    const list = placeholders(numbers.length);
    // Locked, so that of two who do this at once the second one sees what the first has written.
    const messages = await this.unitOfWork.query<Stored>(
      `SELECT number, organization_id, conversation_id, content FROM messages WHERE number IN (${list}) ORDER BY number${this.unitOfWork.forUpdate}`,
      [...numbers],
    );
    const wanted = new Map(messages.map((row) => [Number(row.number), { ...row, body: wordsOf(row) }]));
    const known = await this.unitOfWork.query<{ number: number; body: string }>(`SELECT number, body FROM message_search WHERE number IN (${list})`, [...numbers]);
    const right = new Set(known.filter(({ number, body }) => wanted.get(Number(number))?.body === body).map(({ number }) => Number(number)));
    await this.remove(known.map(({ number }) => Number(number)).filter((number) => !right.has(number)));
    const missing = [...wanted].filter(([number, { body }]) => body !== '' && !right.has(number));
    await addRows(this.unitOfWork, 'message_search', COLUMNS, missing.map(([number, row]) => [number, row.organization_id, row.conversation_id, row.body]));
  }

  /** Makes the words of the next messages behind a number anew; returns up to which one, null at the end. */
  async renewAfter(number: number, limit: number): Promise<number | null> {
    return this.unitOfWork.run(async () => {
      const rows = await this.unitOfWork.query<{ number: number }>('SELECT number FROM messages WHERE number > ? ORDER BY number LIMIT ?', [number, limit]);
      const numbers = rows.map((row) => Number(row.number));
      const last = numbers.at(-1) ?? null;
      // Of messages only that are no more: one that has come since the look has words already, and may have a lower number.
      const behind = last === null ? '' : ' AND number <= ?';
      await this.unitOfWork.write(
        `DELETE FROM message_search WHERE number > ?${behind} AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.number = message_search.number)`,
        last === null ? [number] : [number, last],
      );
      await this.renew(numbers);
      return last;
    });
  }

  private async remove(numbers: readonly number[]): Promise<void> {
    if (numbers.length > 0) await this.unitOfWork.write(`DELETE FROM message_search WHERE number IN (${placeholders(numbers.length)})`, numbers);
  }
}

function wordsOf({ organization_id, content }: Stored): string {
  return content === null ? '' : indexedText(organization_id, textsOf(JSON.parse(content)).join('\n'));
}

/** A text itself; of an object what it says, and not the names of its members. */
function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  return typeof content === 'object' && content !== null ? Object.values(content).flatMap(textsOf) : [];
}
