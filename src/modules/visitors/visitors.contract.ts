import type { Principal } from '../../kernel/principal.js';

export interface VisitorFields {
  external_id?: string | null;
  name?: string | null;
  email?: string | null;
  mobile?: string | null;
  avatar_url?: string | null;
  language?: string | null;
  visitor_type?: string | null;
  tags?: string[];
  metadata?: Record<string, unknown>;
  customer_id?: string | null;
  push_info?: string | null;
  my_data?: string | null;
}

/** What other modules may ask of visitors. */
export abstract class Visitors {
  /**
   * The id of the visitor that answers for an id, which is another one where it was merged; null for one that was deleted
   * or never was. It is neither merged nor deleted until the open unit ends, so that what is made for it stays its own.
   */
  abstract hold(organizationId: string, id: string): Promise<string | null>;
  /** As `hold`, for reading: it may be merged the next moment. */
  abstract idOf(organizationId: string, id: string): Promise<string | null>;

  /** As `idOf`, for looking: the id itself where no visitor answers for it. */
  async currentId(organizationId: string, id: string): Promise<string> {
    return (await this.idOf(organizationId, id)) ?? id;
  }

  /** Finds the visitor by `external_id` and changes what the fields carry, or creates one. Returns its id. */
  abstract upsert(principal: Principal, fields: VisitorFields): Promise<string>;
}

/** What a module keeps of visitors. */
export interface VisitorHolding {
  /** A word for the kind of thing, `conversations`; the audit log counts what was erased under it. */
  name: string;
  /** Keeps others from making more out of it for this visitor until the open unit ends; asked of all before anything is moved. */
  lock?(organizationId: string, visitorId: string): Promise<void>;
  /** Gives all that belongs to one visitor to another. Part of the open unit, in which the rows of both visitors are locked. */
  move(organizationId: string, fromId: string, toId: string): Promise<void>;
  /**
   * Takes the personal data out of at most `limit` rows, in the open unit or one of its own, and returns how many those were: fewer
   * than the limit when none is left. Counts, instants and ids stay. Begun again after a crash, so it finds by the state
   * of its rows what is still to do.
   */
  erase(organizationId: string, visitorId: string, limit: number): Promise<number>;
  /**
   * What must happen at once when a visitor is deleted, so that nothing is added any more. Part of the open unit, which
   * has locked the routing of the organization and the visitor's row.
   */
  seal?(principal: Principal, visitorId: string): Promise<void>;
  /** Which of these ids are of things that belong to the visitor: a text that names one of them concerns it. */
  owned?(organizationId: string, visitorId: string, ids: readonly string[]): Promise<string[]>;
}

/** A visitor whose data is being erased. */
export interface Erasure {
  organizationId: string;
  visitorId: string;
  /** Which of these texts name the visitor, or something that belongs to it, by id. */
  concerns(texts: readonly string[]): Promise<boolean[]>;
}

/** What is stored about visitors as text, without saying of which: it is looked through from one end to the other. */
export interface VisitorTraces {
  name: string;
  /**
   * Erases what concerns the visitor in a slice of the rows, in the open unit. `place` is null at the first slice, and what
   * the slice before returned then. Returns where to go on, null at the end, and how many rows were erased.
   */
  erase(erasure: Erasure, place: string | null): Promise<{ next: string | null; erased: number }>;
}

/** Modules add what they keep as they are constructed, in the process of every role and in no particular order. */
export abstract class VisitorHoldings {
  abstract register(holding: VisitorHolding): void;
  abstract registerTraces(traces: VisitorTraces): void;
}
