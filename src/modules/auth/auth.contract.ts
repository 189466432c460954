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
  /** The account as it is now, and unchanged until the open unit ends. */
  abstract lock(organizationId: string, agentId: string): Promise<AgentAccount | null>;
  /** Needs the open unit that has locked the account. */
  abstract setPassword(organizationId: string, agentId: string, passwordHash: string): Promise<void>;
  /** Told on every instance of an agent whose account may have changed. */
  abstract onChange(listener: (agentId: string) => void): void;
}

/** What authentication needs to know of a visitor. */
export interface VisitorAccount {
  id: string;
  organizationId: string;
}

/** Where tokens find visitors. The visitors module implements it, since calls go down and never up. */
export abstract class VisitorAccounts {
  /** The visitor that answers for the id; cached, changes are seen on every instance. */
  abstract findById(visitorId: string): Promise<VisitorAccount | null>;
  /** Told on every instance of an id that another visitor answers for now, or nobody. */
  abstract onChange(listener: (visitorId: string) => void): void;
}

/** With these visitors open sockets, and do nothing else. */
export abstract class VisitorTokens {
  /** `expiresAt` in Unix milliseconds. */
  abstract issue(visitor: VisitorAccount): Promise<{ token: string; expiresAt: number; lifetimeSeconds: number }>;
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
  /** argon2id; takes tens of milliseconds, so services call it first, before they open a unit of work or do anything else. */
  abstract hash(password: string): Promise<string>;
  abstract matches(hash: string, password: string): Promise<boolean>;
}

/** What a credential stood for, without being one: enough to ask later whether it still holds. */
export interface Grant {
  kind: 'agent' | 'api_key' | 'oauth' | 'issuer' | 'visitor';
  /** The agent's id, the hash of the key, the client's id, or the visitor's. */
  subject: string;
  /** The log-in of the agent, the hash of the access token, or what is kept of one from an outside issuer. */
  session: string | null;
}

export interface Admission {
  principal: Principal;
  grant: Grant;
}

/** Finds out who presents a credential; for sockets, which have no HTTP headers and outlive an access token. */
export abstract class Authenticator {
  /** Takes an API key, an access token or a visitor's token. Throws a DomainError of kind `unauthenticated`. */
  abstract admit(credential: string): Promise<Admission>;
  /** Who it is now; null when the key, the agent or the log-in has ended, or the organization was closed. */
  abstract renew(grant: Grant): Promise<Principal | null>;
  /** Told on every instance of subjects whose grants may have changed or ended. */
  abstract onChange(listener: (subject: string) => void): void;
  /** Told when a change may have been missed: any grant may have changed or ended. */
  abstract onReset(listener: () => void): void;
}

/** Ends the log-ins of an agent. */
export abstract class Sessions {
  /** Their refresh tokens and their access tokens, on every instance. */
  abstract revokeAll(agentId: string): Promise<void>;
}
