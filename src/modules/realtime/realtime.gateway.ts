import { Inject } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import type { OnGatewayConnection, OnGatewayDisconnect, OnGatewayInit } from '@nestjs/websockets';
import type { Logger } from 'pino';
import type { Namespace } from 'socket.io';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import { toEnvelope } from '../../kernel/domain-event.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { hasScope } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { isAllowedAddress, requireAllowedAddress } from '../../platform/addresses/address-allowlist.js';
import { ClientAddresses } from '../../platform/addresses/client-address.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { RequestLimits, requireStanding } from '../../platform/limits/request-limits.js';
import { LOGGER } from '../../platform/observability/tokens.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { RedisConnections } from '../../platform/redis/redis.js';
import { RECOVERY_MS } from '../../platform/sockets/socket.adapter.js';
import { Authenticator } from '../auth/auth.contract.js';
import type { Admission, Grant } from '../auth/auth.contract.js';
import { EventLog } from '../events/events.contract.js';
import { Messages } from '../messages/messages.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { acknowledge } from './acknowledge.js';
import type { Acknowledgement } from './acknowledge.js';
import { Connections, recoverOnly } from './connections.js';
import type { Client } from './connections.js';
import { toLeavers } from './leavers.js';
import { plainPayload } from './plain-payload.js';
import { conversationRoomsFor, conversationRoomsOf, conversationsIn, roomsFor, roomsOf, visitorRoom } from './rooms.js';
import { SocketCallers } from './socket-callers.js';
import { SyncDto } from './socket-requests.dto.js';
import { VisitorSockets } from './visitor-sockets.js';
import { toVisitorEnvelope, toVisitorMessage } from './visitor-words.js';

const DEFAULT_SYNC_LIMIT = 200;
/** What changed without a word that arrived here is noticed after this time at the latest. */
const RENEW_EVERY_MS = 60_000;

/**
 * Agents, applications and visitors over Socket.IO: every event at once, and requests that are acknowledged. Visitors do
 * what is open to them by name, and are told in words of their own.
 */
@WebSocketGateway({ namespace: '/v1' })
export class RealtimeGateway implements OnGatewayInit<Namespace>, OnGatewayConnection<Client>, OnGatewayDisconnect<Client>, OnModuleDestroy {
  @WebSocketServer() private readonly namespace: Namespace;
  private readonly connections = new Connections();
  private readonly admissions = new WeakMap<Client, Promise<unknown>>();
  private renewing: NodeJS.Timeout | undefined;
  private renewalRuns = false;
  private lastDisconnectAt = -Infinity;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly messages: Messages,
    private readonly events: EventLog,
    private readonly callers: SocketCallers,
    private readonly limits: RequestLimits,
    private readonly addresses: ClientAddresses,
    private readonly visitors: VisitorSockets,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(RedisConnections) private readonly redis: RedisConnections | null,
    outbox: Outbox,
    organizations: Organizations,
  ) {
    outbox.onCommitted((committed) => this.emit(committed));
    authenticator.onChange((subject) => {
      for (const client of this.connections.of(subject)) void this.admitAgain(client);
    });
    authenticator.onReset(() => void this.admitAll());
    organizations.onClosed((id) => {
      for (const client of this.connections.ofOrganization(id)) void this.admitAgain(client);
    });
    callers.onInvalid((client) => void this.admitAgain(client));
  }

  /** Guards do not run for a connection, so the handshake is refused here. */
  afterInit(namespace: Namespace): void {
    namespace.use((socket, next) => {
      this.authenticate(socket as Client).then(() => next(), next);
    });
    recoverOnly(namespace, (grant, rooms) => this.mayRecover(grant, rooms));
    this.renewing = setInterval(() => {
      if (!this.renewalRuns) void this.admitAll();
    }, RENEW_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.renewing);
  }

  /** Sockets of this process that are admitted. */
  get connected(): number {
    return this.connections.size;
  }

  async handleConnection(client: Client): Promise<void> {
    // Known first and admitted again then: what has changed since the handshake reached nobody here.
    this.connections.add(client);
    const principal = await this.admitAgain(client);
    if (principal === null) return;
    try {
      if (principal.kind === 'visitor') await this.visitors.arrived(client, principal);
      // The log is not for visitors, and neither is how long it is.
      client.emit('ready', principal.kind === 'visitor' ? {} : { position: await this.events.position(principal) });
    } catch (error) {
      this.logger.error({ err: error }, 'a socket could not be made ready');
      client.conn.close();
    }
  }

  handleDisconnect(client: Client): void {
    this.connections.delete(client);
    this.visitors.left(client);
    this.lastDisconnectAt = Date.now();
  }

  @SubscribeMessage('message.send')
  send(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      const principal = await this.callers.allowWithVisitors(client, 'messages:write');
      const { message } = await this.messages.send(principal, this.messages.read(plainPayload(body)));
      return principal.kind === 'visitor' ? toVisitorMessage(message) : message;
    });
  }

  /** What was missed, in order, as far as `limit` goes. */
  @SubscribeMessage('sync')
  sync(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      const { conversation_id, after_seq = 0, after_position, limit = DEFAULT_SYNC_LIMIT } = validate(SyncDto, body);
      if (conversation_id !== undefined) {
        const principal = await this.callers.allowWithVisitors(client, 'messages:read');
        const { messages, hasMore } = await this.messages.listAfter(principal, conversation_id, after_seq, limit);
        return { messages: principal.kind === 'visitor' ? messages.map(toVisitorMessage) : messages, has_more: hasMore };
      }
      if (after_position === undefined) throw invalidField('after_position', 'required', 'Give conversation_id with after_seq, or after_position.');
      const page = await this.events.listAfter(await this.callers.allow(client, 'events:read'), after_position, limit);
      return { events: page.data, has_more: page.has_more, position: page.data.at(-1)?.position ?? after_position };
    });
  }

  private async authenticate(client: Client): Promise<void> {
    const address = this.addresses.of(client.request);
    try {
      const { grant, principal } = await this.identify(client, address);
      client.data = { grant, organizationId: principal.organizationId, address };
    } catch (error) {
      const { code, message } = error instanceof DomainError ? error : { code: 'service.unavailable', message: 'Try again later.' };
      throw Object.assign(new Error(message), { data: { code } });
    }
  }

  private async identify(client: Client, address: string): Promise<Admission> {
    const token = (client.handshake.auth as { token?: unknown } | undefined)?.token;
    try {
      if (typeof token !== 'string' || token === '') {
        throw new DomainError('unauthenticated', 'auth.credential_missing', 'Send a credential as auth.token.');
      }
      const admission = await this.authenticator.admit(token);
      requireAllowedAddress(admission.principal, () => address);
      return admission;
    } catch (error) {
      const counted = await this.limits.ofAddress(() => address);
      if (counted !== null) requireStanding(counted);
      throw error;
    }
  }

  /**
   * What was missed is all that went to the rooms of old, handed over before it is known from where the client comes now.
   * Where the address matters, or its owner sees less than it did, it must sync.
   */
  private async mayRecover(grant: Grant, rooms: readonly string[]): Promise<boolean> {
    const principal = await this.authenticator.renew(grant);
    if (principal === null || (principal.application?.ipAllowlist.length ?? 0) > 0) return false;
    const present = new Set(roomsWithin(principal, conversationsIn(rooms)));
    return rooms.every((room) => present.has(room));
  }

  /** One at a time for each socket, so that what was looked up last counts. */
  private admitAgain(client: Client, onError: 'close' | 'keep' = 'close'): Promise<Principal | null> {
    const admitted = (this.admissions.get(client) ?? Promise.resolve()).then(() => this.renew(client, onError));
    this.admissions.set(client, admitted);
    return admitted;
  }

  /** One after the other, so as not to take the database from others. Nothing is known to have changed: an outage ends no socket. */
  private async admitAll(): Promise<void> {
    this.renewalRuns = true;
    for (const client of this.connections.all()) await this.admitAgain(client, 'keep');
    this.renewalRuns = false;
  }

  /** Puts the socket into the rooms of what its owner may see now; ends it when the owner may no longer be here. */
  private async renew(client: Client, onError: 'close' | 'keep'): Promise<Principal | null> {
    try {
      const principal = await this.authenticator.renew(client.data.grant);
      if (!client.connected) return null;
      if (principal === null || !isAllowedAddress(principal, client.data.address)) {
        client.disconnect(true);
        return null;
      }
      const rooms = roomsWithin(principal, conversationsIn(client.rooms));
      for (const room of client.rooms) if (room !== client.id && !rooms.includes(room)) void client.leave(room);
      await client.join(rooms);
      return principal;
    } catch (error) {
      this.logger.error({ err: error }, 'a socket could not be admitted');
      // Unlike a disconnection by name, this lets the client come again.
      if (onError === 'close') client.conn.close();
      return null;
    }
  }

  private emit(events: readonly DomainEvent[]): void {
    if (!this.someoneMayListen()) return;
    for (const event of events) {
      const { organizationId, subject } = event;
      const rooms = [...roomsFor(organizationId, subject), ...conversationRoomsFor(organizationId, subject)];
      this.namespace.to(rooms).emit(event.type, toEnvelope(event));
      this.tellLeavers(event, rooms);
      this.tellVisitor(event);
    }
  }

  /** A queue, or a list of one's own conversations, would go on showing what is gone. */
  private tellLeavers(event: DomainEvent, told: string[]): void {
    const left = toLeavers(event);
    if (left === null) return;
    const { organizationId } = event;
    const rooms = [...roomsFor(organizationId, left.before), ...conversationRoomsFor(organizationId, left.before)];
    this.namespace.to(rooms).except(told).emit(event.type, left.envelope);
  }

  private tellVisitor(event: DomainEvent): void {
    const told = toVisitorEnvelope(event);
    if (told !== null) this.namespace.to(visitorRoom(event.organizationId, told.visitorId)).emit(event.type, told.envelope);
  }

  /** Without Redis, Socket.IO keeps in this process all that is emitted, for those who may come back. */
  private someoneMayListen(): boolean {
    return this.redis !== null || this.namespace.sockets.size > 0 || Date.now() - this.lastDisconnectAt <= RECOVERY_MS;
  }
}

/** Events are for those with the scope for them, for visitors as far as they are their own, and of a conversation for those who asked for it. */
function roomsWithin(principal: Principal, subscribed: readonly string[]): string[] {
  const rooms = principal.kind === 'visitor' || hasScope(principal, 'events:read') ? roomsOf(principal) : [];
  return hasScope(principal, 'messages:read') ? [...rooms, ...subscribed.flatMap((id) => conversationRoomsOf(principal, id))] : rooms;
}
