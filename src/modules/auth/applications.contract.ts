import type { ApplicationGrant } from '../../kernel/principal.js';

/** An integration, as its credentials need to know it. */
export interface ApplicationState {
  id: string;
  organizationId: string;
  name: string;
  /** The most that a credential of it may do. */
  scopes: ReadonlySet<string>;
  /** Credentials of a disabled one are refused. */
  enabled: boolean;
  grant: ApplicationGrant;
}

export abstract class Applications {
  /** Cached; changes are seen on every instance. Null when there is none. */
  abstract find(id: string): Promise<ApplicationState | null>;
  /** As it is in the open unit. Throws `application.not_found`, also for one of another organization. */
  abstract get(organizationId: string, id: string): Promise<ApplicationState>;
  /**
   * As `get`, and nobody changes or deletes it until the open unit ends: whoever gives it a credential calls this, so
   * that `whenChanged` misses none.
   */
  abstract lock(organizationId: string, id: string): Promise<ApplicationState>;
  /**
   * Runs inside of the unit that changes or deletes an application, so that credentials and endpoints follow in the same
   * transaction: after the change, and before a deletion (null), since rows that refer to it have to go first.
   */
  abstract whenChanged(step: (applicationId: string, state: ApplicationState | null) => Promise<void>): void;
  /** Told on every instance after an application may have changed; it need not have. */
  abstract onChange(listener: (applicationId: string) => void): void;
}
