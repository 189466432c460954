/** What others ask of callbacks. */
export abstract class Callbacks {
  /** Makes an organization ready for endpoints; once, when it is created. */
  abstract prepare(organizationId: string): Promise<void>;
}
