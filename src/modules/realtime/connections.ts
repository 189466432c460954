import type { Namespace, Socket } from 'socket.io';
import type { Grant } from '../auth/auth.contract.js';

/** `data` is kept in Redis while a client is away, so it holds plain values and no credential. */
export type Client = Socket & {
  data: {
    grant: Grant;
    organizationId: string;
    /** From where it came at the handshake. */
    address: string;
  };
}

/** The sockets of this process, by whose they are: what changes about an agent or a key must reach its connections. */
export class Connections {
  private readonly bySubject = new Map<string, Set<Client>>();

  add(client: Client): void {
    const { subject } = client.data.grant;
    const clients = this.bySubject.get(subject) ?? new Set();
    this.bySubject.set(subject, clients.add(client));
  }

  delete(client: Client): void {
    const { subject } = client.data.grant;
    const clients = this.bySubject.get(subject);
    if (clients?.delete(client) === true && clients.size === 0) this.bySubject.delete(subject);
  }

  get size(): number {
    let size = 0;
    for (const clients of this.bySubject.values()) size += clients.size;
    return size;
  }

  of(subject: string): Client[] {
    return [...(this.bySubject.get(subject) ?? [])];
  }

  ofOrganization(id: string): Client[] {
    return this.all().filter(({ data }) => data.organizationId === id);
  }

  all(): Client[] {
    return [...this.bySubject.values()].flatMap((clients) => [...clients]);
  }
}

interface RecoverableSession {
  sid: string;
  /** Those that the client was in, its own one of that name included. */
  rooms: string[];
  data: { grant?: Grant };
}

/**
 * A client that comes back is given what it missed before its credential is looked at; so what its connection was
 * is asked for first. Socket.IO has no hook for this.
 */
export function recoverOnly(namespace: Namespace, mayRecover: (grant: Grant, rooms: readonly string[]) => Promise<boolean>): void {
  const adapter = namespace.adapter as unknown as { restoreSession(pid: string, offset: string): Promise<RecoverableSession | null> };
  const restore = adapter.restoreSession.bind(adapter);
  adapter.restoreSession = async (pid, offset) => {
    const session = await restore(pid, offset);
    const grant = session?.data.grant;
    if (session === null || grant === undefined) return null;
    return (await mayRecover(grant, session.rooms.filter((room) => room !== session.sid))) ? session : null;
  };
}
