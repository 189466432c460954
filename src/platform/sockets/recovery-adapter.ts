import { Adapter } from 'socket.io-adapter';
import type { BroadcastOptions, Session } from 'socket.io-adapter';
import type { Namespace } from 'socket.io';
import { PacketLog } from './packet-log.js';
import type { PacketBounds } from './packet-log.js';

/** Socket.IO's number for packets that carry an event. */
const EVENT = 2;
const SWEEP_EVERY_MS = 60_000;

interface Packet {
  type: number;
  /** The event's name and its arguments; the packet's offset is added at the end. */
  data: unknown[];
  /** Of an acknowledgement, which cannot be asked for later. */
  id?: number;
}

type Away = Omit<Session, 'missedPackets'> & { disconnectedAt: number };

/**
 * Socket.IO in one process, with connection state recovery as its own `SessionAwareAdapter` has it, but bounded: that
 * one keeps whatever is emitted for up to two minutes, however much it is. A client whose last packet was dropped is
 * not recovered and has to sync.
 */
export class RecoveryAdapter extends Adapter {
  private readonly packets: PacketLog;
  private readonly away = new Map<string, Away>();
  private readonly maxAwayMs: number;
  private readonly sweeping: NodeJS.Timeout;

  constructor(namespace: Namespace, bounds: PacketBounds) {
    super(namespace);
    this.packets = new PacketLog(bounds);
    const { connectionStateRecovery } = (namespace.server as unknown as { opts: { connectionStateRecovery: { maxDisconnectionDuration: number } } }).opts;
    this.maxAwayMs = connectionStateRecovery.maxDisconnectionDuration;
    this.sweeping = setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  /** What Socket.IO takes: it makes an adapter for each namespace. */
  static with(bounds: PacketBounds): typeof Adapter {
    return class extends RecoveryAdapter {
      constructor(namespace: Namespace) {
        super(namespace, bounds);
      }
    };
  }

  get kept(): { packets: number; bytes: number } {
    return this.packets.kept;
  }

  override close(): void {
    clearInterval(this.sweeping);
  }

  override broadcast(packet: Packet, options: BroadcastOptions): void {
    if (packet.type === EVENT && packet.id === undefined && options.flags?.volatile === undefined) {
      packet.data.push(this.packets.nextOffset);
      this.packets.add({ rooms: options.rooms, except: options.except ?? new Set(), json: JSON.stringify(packet.data) });
    }
    super.broadcast(packet, options);
  }

  override persistSession(session: Omit<Session, 'missedPackets'>): void {
    this.away.set(session.pid, { ...session, disconnectedAt: Date.now() });
  }

  override async restoreSession(pid: string, offset: string): Promise<Session> {
    const session = this.away.get(pid);
    const packets = session !== undefined && Date.now() - session.disconnectedAt <= this.maxAwayMs ? this.packets.after(offset) : null;
    // Socket.IO takes null for a connection that is not recovered, which its types do not say.
    if (session === undefined || packets === null) return null as unknown as Session;
    const missed = packets.filter(({ rooms, except }) => {
      const included = rooms.size === 0 || session.rooms.some((room) => rooms.has(room));
      return included && !session.rooms.some((room) => except.has(room));
    });
    return { ...session, missedPackets: missed.map(({ json }) => JSON.parse(json) as unknown[]) };
  }

  private sweep(): void {
    const threshold = Date.now() - this.maxAwayMs;
    this.packets.dropOlderThan(threshold);
    for (const [pid, { disconnectedAt }] of this.away) if (disconnectedAt < threshold) this.away.delete(pid);
  }
}
