import type { AgentRole, Principal } from '../../kernel/principal.js';

/** What authentication needs to know of an agent. */
export interface AgentAccount {
  id: string;
  organizationId: string;
  username: string;
  passwordHash: string | null;
  role: AgentRole;
  department: string | null;
  enabled: boolean;
}

/** Where log-in finds agents. The agents module implements it, since calls go down and never up. */
export abstract class AgentAccounts {
  abstract findByUsername(organizationId: string, username: string): Promise<AgentAccount | null>;
  /** Cached; changes are seen on every instance. */
  abstract findById(agentId: string): Promise<AgentAccount | null>;
}

export interface NewApiKey {
  organizationId: string;
  name: string;
  scopes: string[];
  /** Given for the bootstrap key, random otherwise. */
  key?: string;
}

export abstract class ApiKeys {
  /** The key itself is answered here and never again. */
  abstract create(input: NewApiKey): Promise<{ id: string; name: string; key: string; scopes: string[] }>;
}

export abstract class Passwords {
  /** argon2id; takes tens of milliseconds, so never inside a unit of work. */
  abstract hash(password: string): Promise<string>;
  abstract matches(hash: string, password: string): Promise<boolean>;
}

/** Finds out who presents a credential; for sockets, which have no HTTP headers of their own. */
export abstract class Authenticator {
  /** Takes an API key or an access token. Throws a DomainError of kind `unauthenticated`. */
  abstract authenticate(credential: string): Promise<Principal>;
}

/** Ends the log-ins of an agent. */
export abstract class Sessions {
  abstract revokeAll(agentId: string): Promise<void>;
}
