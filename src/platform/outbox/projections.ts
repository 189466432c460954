import type { Logger } from 'pino';
import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_TYPES } from '../../kernel/domain-event.js';
import type { EventType } from '../../kernel/domain-event.js';
import { placeholders } from '../database/rows.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import type { UnitOfWork } from '../database/unit-of-work.js';
import type { WorkerTimers } from '../leases/worker-timers.js';
import type { Sequencer } from './sequencer.js';

/** Events that one transaction takes. */
const BATCH = 500;
const EVERY_MS = 1000;
const LEASE_MS = 30_000;
/** The pause behind a step, as a multiple of it: what happens now comes before what is counted and searched. */
const PAUSE = 2;

/** An event as the log has it. */
export interface PositionedEvent {
  position: number;
  id: string;
  type: EventType;
  /** Unix milliseconds. */
  occurredAt: number;
  readonly data: Record<string, unknown>;
  conversationId: string | null;
  agentId: string | null;
  department: string | null;
  channel: string | null;
  /** False for history that was brought in quietly: it did not happen here. */
  announced: boolean;
}

/** Rows that are made from the event log, and follow it. */
export interface Projection {
  /** Never changes: what was read is kept under it. At most 64 characters. */
  name: string;
  /** Of other types it is told nothing. */
  concerns(type: EventType): boolean;
  /**
   * Called in an open unit, with events of one organization in the order of their positions. What it writes is committed
   * together with the place that it has come to: each event counts once, whatever process dies.
   */
  apply(organizationId: string, events: readonly PositionedEvent[]): Promise<void>;
}

/**
 * Lets projections follow the event log by position, so that what is counted or searched costs the change itself
 * nothing. A worker does it every second; who needs what was committed just now asks for `catchUp` before it reads.
 */
export class Projections {
  private readonly projections = new Map<string, Projection>();
  /** Ends when the next step of this process may begin. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly sequencer: Sequencer,
    private readonly timers: WorkerTimers,
    private readonly logger: Logger,
  ) {}

  /** To be called before the application has started, from a constructor. */
  register(projection: Projection): void {
    const { name } = projection;
    if (this.projections.has(name)) throw new Error(`There are two projections of the name ${name}.`);
    this.projections.set(name, projection);
    const task = { name: `projection-${name}`, everyMs: EVERY_MS, leaseMs: LEASE_MS, failure: `the projection ${name} could not follow the event log; the next try comes soon` };
    this.timers.every(task, (stopping) => this.follow(projection, stopping));
  }

  /**
   * Reads what was committed before the call, `atMost` events of it, and returns the position that the projection has
   * come to.
   */
  async catchUp(name: string, organizationId: string, atMost = Infinity): Promise<number> {
    const projection = this.projections.get(name);
    if (projection === undefined) throw new Error(`There is no projection of the name ${name}.`);
    const last = await this.sequencer.sequence(organizationId);
    let position = await this.position(name, organizationId);
    for (let read = 0; position < last && read < atMost; read += BATCH) ({ position } = await this.step(projection, organizationId));
    return position;
  }

  /** Lets every projection go on with what has a position; one that cannot is logged, and the others go on. */
  async followAll(stopping: AbortSignal): Promise<void> {
    for (const projection of this.projections.values()) await this.follow(projection, stopping);
  }

  /** Holds the projection back until the open unit ends, and returns the position that it has come to. */
  async hold(name: string, organizationId: string): Promise<number> {
    return this.lock(name, organizationId);
  }

  /** Begins anew: the projection's rows must be emptied in the same unit, or be made anew as they are. */
  async reset(name: string, organizationId: string, position: number): Promise<void> {
    await this.lock(name, organizationId);
    await this.moveTo(name, organizationId, position);
  }

  /** An SQL condition on a row of `events`: every projection has read it. */
  get readByAll(): { sql: string; parameters: unknown[] } {
    const names = [...this.projections.keys()];
    if (names.length === 0) return { sql: 'position > 0', parameters: [] };
    return {
      sql: `position <= (SELECT CASE WHEN COUNT(*) = ? THEN MIN(p.position) END FROM projection_positions p
            WHERE p.organization_id = events.organization_id AND p.projection IN (${placeholders(names.length)}))`,
      parameters: [names.length, ...names],
    };
  }

  /** How many events with a position each projection has not read yet, of all organizations together. */
  async unread(): Promise<Map<string, number>> {
    const unread = new Map<string, number>();
    for (const name of this.projections.keys()) {
      const [row] = await this.unitOfWork.query<{ events: number | null }>(
        `SELECT SUM(log.last_position - COALESCE(own.position, 0)) AS events FROM event_positions log
         LEFT JOIN projection_positions own ON own.projection = ? AND own.organization_id = log.organization_id`,
        [name],
      );
      unread.set(name, Number(row!.events ?? 0));
    }
    return unread;
  }

  private async follow(projection: Projection, stopping: AbortSignal): Promise<void> {
    const behind = await this.unitOfWork.query<{ organization_id: string }>(
      `SELECT log.organization_id FROM event_positions log
       LEFT JOIN projection_positions own ON own.projection = ? AND own.organization_id = log.organization_id
       WHERE own.position IS NULL OR own.position < log.last_position`,
      [projection.name],
    );
    for (const { organization_id } of behind) {
      if (stopping.aborted) return;
      try {
        await this.followOne(projection, organization_id, stopping);
      } catch (error) {
        // The others go on.
        this.logger.error({ err: error, projection: projection.name, organization_id }, 'a projection could not follow the event log');
      }
    }
  }

  private async followOne(projection: Projection, organizationId: string, stopping: AbortSignal): Promise<void> {
    const last = await this.sequencer.lastPosition(organizationId);
    const begunAt = performance.now();
    for (let position = -1; position < last && !stopping.aborted; ) {
      position = await this.stepInTurn(projection, organizationId);
      // The lease ends.
      if (performance.now() - begunAt > LEASE_MS / 2) return;
    }
  }

  /** One at a time in this process, and a pause behind it. */
  private async stepInTurn(projection: Projection, organizationId: string): Promise<number> {
    const step = this.turn.then(() => this.step(projection, organizationId));
    this.turn = step.then(({ tookMs }) => delay(PAUSE * tookMs), () => undefined);
    return (await step).position;
  }

  /** Returns the position that the projection has come to, and how long that took once it had its turn at the database. */
  private step(projection: Projection, organizationId: string): Promise<{ position: number; tookMs: number }> {
    return this.unitOfWork.run(async () => {
      const begunAt = performance.now();
      const position = await this.advance(projection, organizationId);
      return { position, tookMs: performance.now() - begunAt };
    });
  }

  private async advance(projection: Projection, organizationId: string): Promise<number> {
    const from = await this.lock(projection.name, organizationId);
    // Before the look for events: what gets its position after that is not seen, and must not be passed over.
    const given = await this.sequencer.lastPosition(organizationId);
    const to = await this.endOfBatch(organizationId, from);
    // Where there is none, retention has deleted what lies between.
    const end = to ?? Math.max(from, given);
    const events = to === null ? [] : await this.read(projection, organizationId, from, to);
    if (events.length > 0) await projection.apply(organizationId, events);
    await this.moveTo(projection.name, organizationId, end);
    return end;
  }

  private async position(name: string, organizationId: string): Promise<number> {
    const [row] = await this.unitOfWork.query<{ position: number }>(
      'SELECT position FROM projection_positions WHERE projection = ? AND organization_id = ?',
      [name, organizationId],
    );
    return row === undefined ? -1 : Number(row.position);
  }

  /** One at a time for each organization, whichever process does it. */
  private async lock(name: string, organizationId: string): Promise<number> {
    const key = [name, organizationId];
    const find = (): Promise<{ position: number }[]> =>
      this.unitOfWork.query(`SELECT position FROM projection_positions WHERE projection = ? AND organization_id = ?${this.unitOfWork.forUpdate}`, key);
    const [known] = await find();
    if (known !== undefined) return Number(known.position);
    try {
      await this.unitOfWork.query('INSERT INTO projection_positions (projection, organization_id, position) VALUES (?, ?, 0)', key);
      return 0;
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const [made] = await find();
      return Number(made!.position);
    }
  }

  private async moveTo(name: string, organizationId: string, position: number): Promise<void> {
    await this.unitOfWork.write('UPDATE projection_positions SET position = ? WHERE projection = ? AND organization_id = ?', [position, name, organizationId]);
  }

  private async endOfBatch(organizationId: string, after: number): Promise<number | null> {
    const [row] = await this.unitOfWork.query<{ position: number | null }>(
      `SELECT MAX(position) AS position FROM (
         SELECT position FROM events WHERE organization_id = ? AND position > ? ORDER BY position LIMIT ${BATCH}
       ) batch`,
      [organizationId, after],
    );
    return row!.position === null ? null : Number(row!.position);
  }

  private async read(projection: Projection, organizationId: string, after: number, to: number): Promise<PositionedEvent[]> {
    const types = EVENT_TYPES.filter((type) => projection.concerns(type));
    const rows = await this.unitOfWork.query<EventRow>(
      `SELECT position, id, type, occurred_at, data, conversation_id, agent_id, department, channel, announced FROM events
       WHERE organization_id = ? AND position > ? AND position <= ? AND type IN (${placeholders(types.length)}) ORDER BY position`,
      [organizationId, after, to, ...types],
    );
    return rows.map(toEvent);
  }
}

interface EventRow {
  position: number;
  id: string;
  type: EventType;
  occurred_at: number;
  data: string;
  conversation_id: string | null;
  agent_id: string | null;
  department: string | null;
  channel: string | null;
  announced: number;
}

/** Not every projection looks into the data of every event. */
function toEvent(row: EventRow): PositionedEvent {
  let data: Record<string, unknown> | undefined;
  return {
    position: Number(row.position),
    id: row.id,
    type: row.type,
    occurredAt: Number(row.occurred_at),
    get data() {
      return (data ??= JSON.parse(row.data) as Record<string, unknown>);
    },
    conversationId: row.conversation_id,
    agentId: row.agent_id,
    department: row.department,
    channel: row.channel,
    announced: Boolean(row.announced),
  };
}
