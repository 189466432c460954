export interface PacketBounds {
  maxPackets: number;
  /** Of the packets as JSON; what Node needs to hold them is at most twice as much. */
  maxBytes: number;
}

export interface KeptPacket {
  rooms: ReadonlySet<string>;
  except: ReadonlySet<string>;
  /** The event's name, its arguments and the packet's offset, as JSON: a plain text holds no other object in memory. */
  json: string;
}

interface Entry extends KeptPacket {
  bytes: number;
  emittedAt: number;
}

/** When so many have been dropped, the array is cut: to cut it for each would cost as much as it is long. */
const CUT_FROM = 1024;

/** The packets that were emitted last, each with an offset by which a client names the last one that it got. The oldest are dropped. */
export class PacketLog {
  private entries: (Entry | undefined)[] = [];
  /** Where the oldest one is, and how many there were before it. */
  private head = 0;
  private first = 0;
  private bytes = 0;

  constructor(private readonly bounds: PacketBounds) {}

  get kept(): { packets: number; bytes: number } {
    return { packets: this.entries.length - this.head, bytes: this.bytes };
  }

  /** The offset of the packet that is added next. */
  get nextOffset(): string {
    return (this.first + this.kept.packets).toString(36);
  }

  add(packet: KeptPacket): void {
    const bytes = Buffer.byteLength(packet.json);
    this.entries.push({ ...packet, bytes, emittedAt: Date.now() });
    this.bytes += bytes;
    while (this.kept.packets > this.bounds.maxPackets || this.bytes > this.bounds.maxBytes) this.dropOldest();
  }

  dropOlderThan(time: number): void {
    for (let oldest = this.entries[this.head]; oldest !== undefined && oldest.emittedAt < time; oldest = this.entries[this.head]) this.dropOldest();
  }

  /** What came after the packet of that offset; null when that one was dropped, or never was. */
  after(offset: string): KeptPacket[] | null {
    const index = Number.parseInt(offset, 36) - this.first;
    if (!(index >= 0 && index < this.kept.packets)) return null;
    return this.entries.slice(this.head + index + 1) as Entry[];
  }

  private dropOldest(): void {
    this.bytes -= this.entries[this.head]!.bytes;
    this.entries[this.head] = undefined;
    this.head += 1;
    this.first += 1;
    if (this.head < CUT_FROM || this.head * 2 < this.entries.length) return;
    this.entries = this.entries.slice(this.head);
    this.head = 0;
  }
}
