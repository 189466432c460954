import type { Page, PageQuery } from '../../kernel/page.js';

export interface Organization {
  id: string;
  slug: string;
  name: string;
  time_zone: string;
  operator: boolean;
  created_at: number;
  updated_at: number;
  /** Null for one that is open. */
  closed_at: number | null;
}

export interface NewOrganization {
  slug: string;
  name: string;
  time_zone: string;
  operator: boolean;
}

export interface OrganizationFilter extends PageQuery {
  slug?: string;
  closed?: boolean;
}

/** The organizations that share this service; every other row belongs to one of them. */
export abstract class Organizations {
  /** Throws `organization.slug_taken`, also for the slug of a closed one. */
  abstract create(input: NewOrganization): Promise<Organization>;
  /** Null also for one that is closed. */
  abstract findOpenBySlug(slug: string): Promise<Organization | null>;
  abstract find(id: string): Promise<Organization | null>;
  /** The operator's own, which is made by the first start and is never closed. */
  abstract findOperator(): Promise<Organization | null>;
  abstract isEmpty(): Promise<boolean>;
  abstract list(filter: OrganizationFilter): Promise<Page<Organization>>;
  /** Throws `organization.not_found`. */
  abstract get(id: string): Promise<Organization>;
  /** As `get`, and nobody changes or closes it until the open unit ends. */
  abstract lock(id: string): Promise<Organization>;
  /** Needs the open unit that has locked it. */
  abstract update(id: string, changes: Partial<Pick<Organization, 'name' | 'time_zone' | 'updated_at'>>): Promise<void>;
  /** Waits for who is routing there; nobody does it after the open unit. False where somebody else has ended it: the organization is closed. */
  abstract endRouting(id: string): Promise<boolean>;
  /** Needs the open unit that has locked it and ended routing. From the commit on every instance knows it. */
  abstract close(id: string, at: number): Promise<void>;
  /**
   * Whether credentials of it are good: asked by everyone who verifies one, whatever its kind. Cached; a closing is noticed on
   * every instance.
   */
  abstract isOpen(id: string): Promise<boolean>;
  /** As `isOpen`, from the cache alone; false says nothing. */
  abstract isKnownOpen(id: string): boolean;
  /** Told on every instance of one that was closed. */
  abstract onClosed(listener: (id: string) => void): void;
  /**
   * Holds back, until the open unit ends, everyone else who routes conversations in this organization. Throws
   * `organization.closed` for one that is closed.
   */
  abstract lockRouting(id: string): Promise<void>;
}
