import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { domainEvent } from '../../src/kernel/domain-event.js';
import type { DomainEvent } from '../../src/kernel/domain-event.js';
import { newId } from '../../src/kernel/ids.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Outbox } from '../../src/platform/outbox/outbox.js';
import { Sequencer } from '../../src/platform/outbox/sequencer.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp, TestDatabaseUrl } from '../support/start-test-app.js';

const mysql = process.env.TEST_MATRIX === 'servers';
const WRITERS = 64;

interface LoggedEvent {
  id: string;
  event: string;
  data: Record<string, any>;
  position: number;
}

describe('the event log', () => {
  let database: TestDatabaseUrl;
  /** Two instances where there can be two: on MySQL with Redis. */
  let apps: TestApp[];
  let count = 0;

  beforeAll(async () => {
    database = await anEmptyDatabase();
    apps = [];
    for (let index = 0; index < (mysql ? 2 : 1); index++) apps.push(await startTestApp({ database }));
  });

  afterAll(async () => {
    for (const app of apps) await app.close();
    await database.drop();
  });

  const app = (index: number): TestApp => apps[index % apps.length]!;
  const unitOfWork = (index = 0): UnitOfWork => app(index).app.get(UnitOfWork);
  const sequencer = (index = 0): Sequencer => app(index).app.get(Sequencer);

  /** An organization with an empty log of its own, and callers with its key on each instance. */
  async function anOrganization(): Promise<{ id: string; callers: Caller[] }> {
    const made = await app(0).api.post('/organizations', { slug: `org-${++count}`, name: 'Another' });
    expect(made.status).toBe(201);
    return { id: made.body.id, callers: apps.map((each) => each.as({ 'x-api-key': made.body.api_key.key })) };
  }

  const anEvent = (organizationId: string, what: unknown = null): DomainEvent => domainEvent(organizationId, 'visitor.updated', Date.now(), { what });

  function write(index: number, ...events: DomainEvent[]): Promise<void> {
    return unitOfWork(index).run(async () => app(index).app.get(Outbox).append(...events));
  }

  async function stored(organizationId: string): Promise<{ id: string; position: number | null }[]> {
    const rows = await unitOfWork().query<{ id: string; position: number | null }>(
      'SELECT id, position FROM events WHERE organization_id = ? ORDER BY position, number',
      [organizationId],
    );
    return rows.map(({ id, position }) => ({ id, position: position === null ? null : Number(position) }));
  }

  const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

  /** Reads to the end by cursor. */
  async function follow(caller: Caller, cursor?: string): Promise<{ events: LoggedEvent[]; cursor: string }> {
    const events: LoggedEvent[] = [];
    for (;;) {
      const { status, body } = await caller.get(`/events?limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      events.push(...body.data);
      cursor = body.next_cursor as string;
      if (!body.has_more) return { events, cursor };
    }
  }

  it('numbers 1 to n without holes while many write and several number', async () => {
    const { id, callers } = await anOrganization();
    let writing = true;
    const numbering = [0, 1, 2].map(async (index) => {
      while (writing) {
        await sequencer(index).sequence(id);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const read: LoggedEvent[] = [];
    const reading = (async () => {
      let cursor: string | undefined;
      for (let last = false; !last; ) {
        last = !writing;
        const page = await follow(callers[0]!, cursor);
        read.push(...page.events);
        cursor = page.cursor;
      }
    })();
    const written: string[] = [];
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let round = 0; round < 6; round++) {
          const events = Array.from({ length: 1 + ((writer + round) % 3) }, () => anEvent(id, `${writer}/${round}`));
          const fails = (writer + round) % 5 === 0;
          await write(writer, ...events, ...(fails ? [events[0]!] : [])).then(
            () => written.push(...events.map((event) => event.id)),
            (error: unknown) => {
              if (!fails) throw error;
            },
          );
        }
      }),
    );
    writing = false;
    await Promise.all([...numbering, reading]);
    await sequencer().sequence(id);

    const log = await stored(id);
    expect(log.map(({ position }) => position)).toEqual(oneTo(written.length));
    expect(log.map((event) => event.id).toSorted()).toEqual(written.toSorted());
    expect(read.map(({ position }) => position)).toEqual(oneTo(written.length));
    expect(read.map((event) => event.id)).toEqual(log.map((event) => event.id));
    expect(await sequencer().lastPosition(id)).toBe(written.length);
  }, 60_000);

  it('keeps the order of seq within each conversation, whichever instance takes the messages', async () => {
    const { id, callers } = await anOrganization();
    const conversations: string[] = [];
    for (let index = 0; index < 4; index++) conversations.push((await callers[0]!.post('/conversations', { visitor: { external_id: `visitor ${index}` } })).body.id);
    const before = await follow(callers[0]!);
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let round = 0; round < 3; round++) {
          const sent = await callers[writer % callers.length]!.post('/messages', {
            conversation_id: conversations[(writer + round) % conversations.length], sender: { type: 'visitor' }, type: 'text', content: 'hello',
          });
          expect(sent.status).toBe(201);
        }
      }),
    );
    const { events } = await follow(callers.at(-1)!, before.cursor);
    expect(events).toHaveLength(WRITERS * 3);
    expect(events.map(({ position }) => position)).toEqual(oneTo(events.length).map((number) => number + before.events.length));
    for (const conversation of conversations) {
      const seqs = events.filter(({ data }) => data.conversation_id === conversation).map(({ data }) => data.seq as number);
      expect(seqs).toEqual(oneTo((WRITERS * 3) / conversations.length));
    }
    expect((await stored(id)).every(({ position }) => position !== null)).toBe(true);
  }, 60_000);

  it('gives a position to everything in a log that is longer than one batch', async () => {
    const { id } = await anOrganization();
    await write(0, ...Array.from({ length: 2500 }, () => anEvent(id)));
    expect(await sequencer().sequence(id)).toBe(2500);
    expect((await stored(id)).map(({ position }) => position)).toEqual(oneTo(2500));
  });

  it('holds nothing of a unit that was rolled back', async () => {
    const { id } = await anOrganization();
    const kept = anEvent(id);
    await write(0, kept);
    const failing = unitOfWork().run(async () => {
      app(0).app.get(Outbox).append(anEvent(id), anEvent(id));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await sequencer().sequence(id)).toBe(1);
    expect(await stored(id)).toEqual([{ id: kept.id, position: 1 }]);
  });

  it('tells listeners of committed events only, once, and subscribers inside of the transaction', async () => {
    const { id } = await anOrganization();
    const outbox = app(0).app.get(Outbox);
    const planned: string[][] = [];
    const told: string[] = [];
    let follows: DomainEvent | null = null;
    outbox.subscribe({
      plan: async (events) => {
        const own = events.filter((event) => event.organizationId === id);
        if (own.length > 0) planned.push(own.map((event) => event.id));
        if (follows !== null && own.length > 0) {
          outbox.append(follows);
          follows = null;
        }
        if (own.some((event) => event.data.what === 'cannot be planned')) throw new Error('cannot plan');
      },
    });
    outbox.onCommitted((events) => told.push(...events.filter((event) => event.organizationId === id).map((event) => event.id)));

    const first = anEvent(id);
    const second = anEvent(id);
    const followUp = anEvent(id);
    follows = followUp;
    await write(0, first, second);
    expect(planned).toEqual([[first.id, second.id], [followUp.id]]);
    expect(told).toEqual([first.id, second.id, followUp.id]);
    await expect(write(0, anEvent(id, 'cannot be planned'))).rejects.toThrow('cannot plan');
    expect(told).toHaveLength(3);
    expect(await sequencer().sequence(id)).toBe(3);
  });

  it('holds what is appended by a step at the end of the unit', async () => {
    const { id } = await anOrganization();
    const outbox = app(0).app.get(Outbox);
    await unitOfWork().run(async () => {
      outbox.append(anEvent(id));
      unitOfWork().beforeCommit('later', async () => outbox.append(anEvent(id)));
    });
    expect(await sequencer().sequence(id)).toBe(2);
  });

  it('does not let one organization disturb the other', async () => {
    const one = await anOrganization();
    const other = await anOrganization();
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        // Both in one transaction now and then: their numbers alternate.
        if (index % 3 === 0) await write(index, anEvent(one.id), anEvent(other.id), anEvent(one.id));
        else await write(index, anEvent(index % 3 === 1 ? one.id : other.id));
      }),
    );
    expect(await sequencer().sequence(one.id)).toBe(30);
    expect((await stored(one.id)).map(({ position }) => position)).toEqual(oneTo(30));
    await sequencer().sequenceAll();
    expect((await stored(other.id)).map(({ position }) => position)).toEqual(oneTo(20));
    const { events } = await follow(other.callers[0]!);
    expect(events).toHaveLength(20);
    expect((await other.callers[0]!.get(`/events/${(await stored(one.id))[0]!.id}`)).status).toBe(404);
  });

  it.runIf(mysql)('gives a late position to a transaction that commits late, so that no cursor skips it', async () => {
    const { id, callers } = await anOrganization();
    await write(0, anEvent(id));
    const late = newId('event');
    const connection = await createConnection({ uri: database.url });
    await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await connection.beginTransaction();
    await connection.query(
      "INSERT INTO events (id, organization_id, type, occurred_at, data, queued, shared) VALUES (?, ?, 'visitor.updated', ?, '{}', 0, 1)",
      [late, id, Date.now()],
    );
    await Promise.all(oneTo(10).map((index) => write(index, anEvent(id))));
    const first = await follow(callers[0]!);
    expect(first.events.map(({ position }) => position)).toEqual(oneTo(11));
    expect(first.events.some((event) => event.id === late)).toBe(false);
    await write(1, anEvent(id));
    const second = await follow(callers.at(-1)!, first.cursor);
    expect(second.events.map(({ position }) => position)).toEqual([12]);

    await connection.commit();
    await connection.end();
    const third = await follow(callers[0]!, second.cursor);
    expect(third.events.map((event) => [event.id, event.position])).toEqual([[late, 13]]);
    expect((await follow(callers[0]!, third.cursor)).events).toEqual([]);
  });

  it.runIf(mysql)('waits for no open transaction', async () => {
    const { id } = await anOrganization();
    const connection = await createConnection({ uri: database.url });
    await connection.beginTransaction();
    await connection.query(
      "INSERT INTO events (id, organization_id, type, occurred_at, data, queued, shared) VALUES (?, ?, 'visitor.updated', ?, '{}', 0, 1)",
      [newId('event'), id, Date.now()],
    );
    const begunAt = performance.now();
    for (let index = 0; index < 20; index++) {
      await write(index, anEvent(id));
      await sequencer(index).sequence(id);
    }
    expect(performance.now() - begunAt).toBeLessThan(5000);
    await connection.rollback();
    await connection.end();
    expect(await sequencer().sequence(id)).toBe(20);
  });
});
