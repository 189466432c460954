import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Principal } from '../../kernel/principal.js';
import { LOGGER } from '../../platform/observability/tokens.js';
import { VisitorPresence } from '../visitors/visitor-presence.contract.js';
import type { Client } from './connections.js';

/** Lets visitors come with their first socket and go with their last one. */
@Injectable()
export class VisitorSockets {
  /** Each socket's own connection: one that is recovered elsewhere keeps the id that it has for Socket.IO. */
  private readonly arrivals = new WeakMap<Client, Promise<string>>();

  constructor(
    private readonly presence: VisitorPresence,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async arrived(client: Client, { id, organizationId }: Principal): Promise<void> {
    if (!client.connected) return;
    const arrival = this.presence.arrived({ id, organizationId });
    this.arrivals.set(client, arrival);
    await arrival;
  }

  /** What cannot be written now is ended when this process ends. */
  left(client: Client): void {
    const arrival = this.arrivals.get(client);
    if (arrival === undefined) return;
    arrival.then((connectionId) => this.presence.left(connectionId)).catch((error: unknown) => this.logger.error({ err: error }, 'a visitor could not be noted as gone'));
  }
}
