import type { INestApplicationContext } from '@nestjs/common';
import { SubjectWords } from '../modules/conversations/search/subject-words.js';
import { MessageWords } from '../modules/messages/search/message-words.js';
import { ConfigError, readEnvironment } from '../platform/config/config.js';
import { AlreadyRunningError } from '../platform/database/instance-lock.js';
import { TablesOutOfDateError } from '../platform/database/migrate.js';
import { repairFullText } from '../platform/database/repair-full-text.js';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import { createLogger } from '../platform/observability/logger.js';
import { configureApp } from './configure-app.js';
import { ProgressBar } from './progress-bar.js';

/** Made anew in one transaction: few enough that nobody waits for it. */
const SLICE = 500;

/**
 * Makes the words of all messages and subjects anew and ends: where they were never made, since what there was before them
 * is not in the event log any more, or where an index is in doubt. With MySQL and Redis the service may run meanwhile.
 */
export async function rebuildSearch(): Promise<void> {
  try {
    const config = readEnvironment({ ROLES: 'api' });
    const logger = createLogger(config.values.LOG_LEVEL === 'info' ? 'warn' : config.values.LOG_LEVEL);
    const app = await configureApp({ config, logger });
    try {
      const bars = { messages: ProgressBar.prototype, subjects: ProgressBar.prototype };
      await renewWords(app, (what, done, total) => {
        if (done === 0) bars[what] = new ProgressBar(what, total);
        bars[what].show(done);
      });
    } finally {
      await app.close();
    }
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof AlreadyRunningError || error instanceof TablesOutOfDateError;
    process.stderr.write(`${expected ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** Tells how far it is: of the numbers of messages, and of the conversations. */
export async function renewWords(app: INestApplicationContext, tell: (what: 'messages' | 'subjects', done: number, total: number) => void): Promise<void> {
  const unitOfWork = app.get(UnitOfWork);
  const messages = app.get(MessageWords, { strict: false });
  const subjects = app.get(SubjectWords, { strict: false });
  for (const table of ['message_search', 'conversation_search']) await repairFullText(unitOfWork, table);
  const [numbers] = await unitOfWork.query<{ first: number | null; last: number | null }>('SELECT MIN(number) AS first, MAX(number) AS last FROM messages');
  const first = Number(numbers!.first ?? 1) - 1;
  const last = Number(numbers!.last ?? first);
  for (let at: number | null = first; at !== null; at = await messages.renewAfter(at, SLICE)) tell('messages', Math.min(at, last) - first, last - first);
  const [{ total }] = (await unitOfWork.query<{ total: number }>('SELECT COUNT(*) AS total FROM conversations')) as [{ total: number }];
  let done = 0;
  for (let at: string | null = ''; at !== null; at = await subjects.renewAfter(at, SLICE), done += SLICE) tell('subjects', Math.min(done, Number(total)), Number(total));
}
