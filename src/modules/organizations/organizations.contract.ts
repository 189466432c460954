export interface Organization {
  id: string;
  slug: string;
  name: string;
  time_zone: string;
  operator: boolean;
  created_at: number;
  updated_at: number;
}

export interface NewOrganization {
  slug: string;
  name: string;
  time_zone: string;
  operator: boolean;
}

/** The organizations that share this service; every other row belongs to one of them. */
export abstract class Organizations {
  /** Throws `organization.slug_taken`. */
  abstract create(input: NewOrganization): Promise<Organization>;
  abstract findBySlug(slug: string): Promise<Organization | null>;
  abstract find(id: string): Promise<Organization | null>;
  /** The operator's own, which is made by the first start. */
  abstract findOperator(): Promise<Organization | null>;
  abstract isEmpty(): Promise<boolean>;
  /** Holds back, until the open unit ends, everyone else who routes conversations in this organization. */
  abstract lockRouting(id: string): Promise<void>;
}
