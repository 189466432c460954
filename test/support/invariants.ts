import { expect } from 'vitest';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import type { TestApp } from './start-test-app.js';

/** Rows as they are in the database, for what no route shows. */
export function rows<T = Record<string, any>>(app: TestApp, sql: string, parameters: unknown[] = []): Promise<T[]> {
  return app.app.get(UnitOfWork).query<T>(sql, parameters);
}

/** What must be true of the database at any moment when nothing is under way. */
export async function expectConsistent(app: TestApp): Promise<void> {
  await expectLoadsToMatch(app);
  await expectStatesToMatch(app);
  await expectMessagesToMatch(app);
}

/** Each agent's counter of conversations equals the conversations that it has. */
async function expectLoadsToMatch(app: TestApp): Promise<void> {
  const loads = await rows<{ username: string; counted: number; actual: number }>(
    app,
    `SELECT a.username, a.active_conversations AS counted,
       (SELECT COUNT(*) FROM conversations c WHERE c.agent_id = a.id AND c.status IN ('open', 'pending')) AS actual
     FROM agents a`,
  );
  expect(loads.filter(({ counted, actual }) => Number(counted) !== Number(actual))).toEqual([]);
}

/** Whoever waits has no agent, whoever is served has one, and the instants say the same. */
async function expectStatesToMatch(app: TestApp): Promise<void> {
  const odd = await rows(
    app,
    `SELECT id, status, agent_id, queued_at, assigned_at, closed_at, closed_by FROM conversations WHERE
       (status = 'queued' OR (status = 'open' AND accepted_at IS NULL)) <> (queued_at IS NOT NULL)
       OR (status = 'queued' AND (agent_id IS NOT NULL OR assigned_at IS NOT NULL))
       OR (status IN ('open', 'pending') AND (agent_id IS NULL OR assigned_at IS NULL))
       OR (status = 'closed') <> (closed_at IS NOT NULL)
       OR (status = 'closed') <> (closed_by IS NOT NULL)`,
  );
  expect(odd).toEqual([]);
}

/** seq is 1, 2, 3 … in the order of `number`, and the conversation counts what it holds. */
async function expectMessagesToMatch(app: TestApp): Promise<void> {
  const counts = await rows<{ id: string; last_seq: number; held: number; greatest: number }>(
    app,
    `SELECT c.id, c.last_seq, COUNT(m.id) AS held, COALESCE(MAX(m.seq), 0) AS greatest
     FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id GROUP BY c.id, c.last_seq`,
  );
  expect(counts.filter(({ last_seq, held, greatest }) => last_seq !== Number(held) || last_seq !== Number(greatest))).toEqual([]);
  const disordered = await rows(
    app,
    'SELECT m.id FROM messages m JOIN messages n ON n.conversation_id = m.conversation_id AND n.seq > m.seq AND n.number < m.number LIMIT 5',
  );
  expect(disordered).toEqual([]);
}

/** Positions in the event log are 1, 2, 3 … without holes. */
export async function expectPositionsWithoutHoles(app: TestApp): Promise<void> {
  const organizations = await rows<{ organization_id: string; given: number; greatest: number }>(
    app,
    'SELECT organization_id, COUNT(*) AS given, MAX(position) AS greatest FROM events WHERE position IS NOT NULL GROUP BY organization_id',
  );
  for (const { given, greatest } of organizations) expect(Number(greatest)).toBe(Number(given));
}
