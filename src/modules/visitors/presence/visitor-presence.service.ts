import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { ulid } from '../../../kernel/ids.js';
import { Config } from '../../../platform/config/config.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { VisitorPresence } from '../visitor-presence.contract.js';
import { VisitorConnections } from './visitor-connections.js';
import type { Connection } from './visitor-connections.js';
import { VisitorProcesses } from './visitor-processes.js';

/** How long a process counts as living after it has said so; it says so three times in this time. */
export const ALIVE_MS = 60_000;
/** After a stop its visitors have so long to come to another process before they are offline. */
const AFTER_STOP_MS = 10_000;
const STEP = 100;
const RENEWAL = { name: 'visitor-presence', everyMs: ALIVE_MS / 3, failure: 'the sockets of visitors could not be kept; the next try comes soon' };
const LAPSE = { name: 'visitor-lapse', everyMs: 5000, leaseMs: 15_000, failure: 'the visitors of dead processes could not be ended; the next try comes soon' };

/**
 * Connections are rows under the name of their process, which says from time to time that it lives: whatever dies, its
 * visitors are offline a minute later.
 */
@Injectable()
export class VisitorPresenceService extends VisitorPresence implements OnApplicationBootstrap, OnModuleDestroy {
  private processId: Promise<string> | null = null;
  private readonly own = new Map<string, Connection>();
  private stopping = false;

  constructor(
    private readonly connections: VisitorConnections,
    private readonly processes: VisitorProcesses,
    private readonly unitOfWork: UnitOfWork,
    private readonly config: Config,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    super();
    timers.everyHere(RENEWAL, () => this.renew());
    timers.every(LAPSE, (stopping) => this.endLapsed(stopping));
  }

  /** SQLite has one process, so whoever is said to live is dead. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.config.dialect === 'sqlite') await this.processes.lapse(Number.MAX_SAFE_INTEGER);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    if (this.processId !== null) await this.processes.renew(await this.processId, this.clock.now() + AFTER_STOP_MS);
  }

  async arrived(visitor: { id: string; organizationId: string }): Promise<string> {
    const connection = { id: ulid(), visitorId: visitor.id, organizationId: visitor.organizationId };
    await this.connections.add(connection, await this.process());
    this.own.set(connection.id, connection);
    return connection.id;
  }

  async left(connectionId: string): Promise<void> {
    this.own.delete(connectionId);
    // At a stop all leave: most of them come to another process at once.
    if (!this.stopping) await this.connections.remove(connectionId);
  }

  /** Says that this process lives. Where it was taken for dead, it notes its connections anew under another name. */
  async renew(): Promise<void> {
    if (this.processId === null || this.stopping) return;
    if (await this.processes.renew(await this.processId, this.clock.now() + ALIVE_MS)) return;
    this.processId = null;
    for (const connection of this.own.values()) await this.noteAnew(connection);
  }

  /** Ends the connections of processes that have said nothing for too long. */
  async endLapsed(stopping?: AbortSignal, now = this.clock.now()): Promise<void> {
    for (const processId of await this.processes.lapse(now)) {
      for (let ids = await this.processes.connectionsOf(processId, STEP); ids.length > 0; ids = await this.processes.connectionsOf(processId, STEP)) {
        for (const id of ids) {
          if (stopping?.aborted === true) return;
          await this.connections.remove(id);
        }
      }
      await this.processes.remove(processId);
    }
  }

  private async noteAnew(connection: Connection): Promise<void> {
    const processId = await this.process();
    await this.unitOfWork.run(async () => {
      await this.connections.remove(connection.id);
      await this.connections.add(connection, processId);
    }).catch((error: unknown) => {
      // Its visitor was deleted.
      if (!(error instanceof DomainError)) throw error;
    });
    if (!this.own.has(connection.id)) await this.connections.remove(connection.id);
  }

  private process(): Promise<string> {
    this.processId ??= this.begin().catch((error: unknown) => {
      this.processId = null;
      throw error;
    });
    return this.processId;
  }

  private async begin(): Promise<string> {
    const id = ulid();
    await this.processes.add(id, this.clock.now() + ALIVE_MS);
    return id;
  }
}
