import { newId } from '../../../src/kernel/ids.js';
import { addRows } from '../../../src/platform/database/rows.js';
import type { UnitOfWork } from '../../../src/platform/database/unit-of-work.js';
import { seeded } from '../../support/seeded.js';

const WORDS = 4000;
const CONVERSATIONS_AT_A_TIME = 100;
const VISITOR = ['id', 'organization_id', 'external_id', 'tags', 'metadata', 'created_at', 'updated_at'];
const CONVERSATION = [
  'id', 'organization_id', 'visitor_id', 'agent_id', 'channel', 'subject', 'priority', 'skills', 'tags', 'metadata', 'status', 'last_seq', 'created_at', 'updated_at', 'assigned_at', 'closed_at', 'closed_by',
];
const MESSAGE = ['id', 'organization_id', 'conversation_id', 'seq', 'sender_type', 'sender_id', 'type', 'content', 'metadata', 'status', 'created_at'];

export interface Corpus {
  /** Words of two characters and words of letters, the most frequent first: the tenth is there a tenth as often as the first. */
  chinese: string[];
  english: string[];
}

/** Seven of ten messages are Chinese, of 6 to 14 words, three English, of 5 to 15. */
export async function fillTexts(unitOfWork: UnitOfWork, size: { conversations: number; messagesEach: number }): Promise<Corpus> {
  const random = seeded(1);
  const below = (bound: number): number => Math.floor(random() * bound);
  const corpus: Corpus = {
    chinese: [...distinct(() => String.fromCodePoint(0x4e00 + below(6000), 0x4e00 + below(6000)))],
    english: [...distinct(() => Array.from({ length: 2 + below(3) }, () => 'bcdfghklmnprst'[below(14)]! + 'aeiou'[below(5)]!).join(''))],
  };
  const frequent = (): number => Math.min(WORDS - 1, Math.floor(WORDS ** random()) - 1);
  const text = (): string =>
    random() < 0.7
      ? Array.from({ length: 6 + below(9) }, (_, index) => corpus.chinese[frequent()]! + (index % 5 === 4 ? '，' : '')).join('')
      : Array.from({ length: 5 + below(11) }, () => corpus.english[frequent()]!).join(' ');
  const [organization] = await unitOfWork.query<{ id: string }>("SELECT id FROM organizations WHERE slug = 'default'");
  const [agent] = await unitOfWork.query<{ id: string }>("SELECT id FROM agents WHERE username = 'admin'");
  const own = organization!.id;
  const now = Date.now();
  const visitor = newId('visitor');
  await unitOfWork.run(() => addRows(unitOfWork, 'visitors', VISITOR, [[visitor, own, 'texts', '[]', '{}', now, now]]));
  for (let start = 0; start < size.conversations; start += CONVERSATIONS_AT_A_TIME) {
    const opened: unknown[][] = [];
    const messages: unknown[][] = [];
    for (let index = start; index < Math.min(start + CONVERSATIONS_AT_A_TIME, size.conversations); index++) {
      const id = newId('conversation');
      opened.push([id, own, visitor, agent!.id, 'web', text().slice(0, 100), 'normal', '[]', '[]', '{}', 'closed', size.messagesEach, now, now, now, now, agent!.id]);
      for (let seq = 1; seq <= size.messagesEach; seq++) messages.push([newId('message'), own, id, seq, 'visitor', visitor, 'text', JSON.stringify(text()), '{}', 'sent', now]);
    }
    await unitOfWork.run(async () => {
      await addRows(unitOfWork, 'conversations', CONVERSATION, opened);
      await addRows(unitOfWork, 'messages', MESSAGE, messages);
    });
  }
  return corpus;
}

function distinct(make: () => string): Set<string> {
  const words = new Set<string>();
  while (words.size < WORDS) words.add(make());
  return words;
}
