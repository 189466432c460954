/** By what a visitor can be found for a customer, and the one that it has. */
export interface VisitorContact {
  id: string;
  mobile: string | null;
  email: string | null;
  customer_id: string | null;
}

/** Which customer of an outside system a visitor is. */
export abstract class VisitorCustomers {
  /** Of those among the ids that are visitors now: neither merged nor deleted. */
  abstract contactsOf(organizationId: string, ids: readonly string[]): Promise<VisitorContact[]>;
  /** The visitors of a customer, the oldest first; no more than `limit`, after the id `after`. */
  abstract ofCustomer(organizationId: string, customerId: string, limit: number, after?: string): Promise<string[]>;
  /**
   * Gives a visitor another customer in place of the one that the caller knows of, and tells of it by `visitor.updated`.
   * Changes nothing and answers false where it has another one by now, was merged or deleted.
   */
  abstract replace(organizationId: string, visitorId: string, known: string | null, customerId: string | null): Promise<boolean>;
}
