/** Who of the visitors is connected, counted over all tabs and instances. */
export abstract class VisitorPresence {
  /** Notes a connection and returns its id; the visitor is online from its first one on. Throws `visitor.not_found`. */
  abstract arrived(visitor: { id: string; organizationId: string }): Promise<string>;
  /** Ends a connection; the visitor is offline with its last one. */
  abstract left(connectionId: string): Promise<void>;
}
