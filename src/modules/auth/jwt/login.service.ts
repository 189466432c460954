import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import type { Organization } from '../../organizations/organizations.contract.js';
import { AgentAccounts, Passwords } from '../auth.contract.js';
import type { AgentAccount } from '../auth.contract.js';
import { LoginThrottle } from '../login-throttle/login-throttle.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-tokens.js';
import type { LoginDto } from './login.dto.js';
import { sessionOf } from './own-login.js';
import { RefreshTokens } from './refresh-tokens.js';
import type { IssuedToken } from './refresh-tokens.js';

export interface Login {
  account: AgentAccount;
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
}

/** Checked when the user name is unknown, so that the answer takes as long as for a wrong password. */
const NOBODYS_HASH = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

const DEFAULT_SLUG = 'default';

@Injectable()
export class LoginService {
  constructor(
    private readonly organizations: Organizations,
    private readonly accounts: AgentAccounts,
    private readonly passwords: Passwords,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly throttle: LoginThrottle,
  ) {}

  async login(input: LoginDto, address: string): Promise<Login> {
    const { account, result } = await this.admit(input, address, ({ organizationId, id }) => this.refreshTokens.issue(organizationId, id));
    return this.answer(account, result);
  }

  /**
   * The one place where passwords are tried: does `work` for the agent whose password it is, in the unit of work in which
   * its account is still what it was when the password was checked. Throws `auth.login_failed`, and `rate_limit.exceeded`
   * where somebody is guessing.
   */
  async admit<T>(input: LoginDto, address: string, work: (account: AgentAccount) => Promise<T>): Promise<{ account: AgentAccount; result: T }> {
    const claimed = ['agent', input.organization ?? DEFAULT_SLUG, input.username];
    const admitted = await this.throttle.attempt({ account: claimed, address }, () => this.tryPassword(input, work));
    if (admitted === null) throw new DomainError('unauthenticated', 'auth.login_failed', 'User name or password is wrong.');
    return admitted;
  }

  async refresh(token: string, address: string): Promise<Login> {
    const login = await this.throttle.attempt({ account: null, address }, () => this.rotate(token));
    if (login === null) throw new DomainError('unauthenticated', 'auth.refresh_failed', 'The refresh token is unknown, expired or used.');
    return login;
  }

  /** Ends the log-in that is calling: its tokens and its sockets, on every instance. */
  async logout(principal: Principal): Promise<void> {
    const sessionId = sessionOf(principal);
    await this.unitOfWork.run(async () => {
      await this.refreshTokens.revokeSession(principal.id, sessionId);
      await this.audit.record({ organizationId: principal.organizationId, actor: principal, action: 'auth.logout', target: { type: 'agent', id: principal.id } });
    });
  }

  private async tryPassword<T>(input: LoginDto, work: (account: AgentAccount) => Promise<T>): Promise<{ account: AgentAccount; result: T } | null> {
    const { username, password, organization: slug = DEFAULT_SLUG } = input;
    const organization = await this.organizations.findOpenBySlug(slug);
    const account = organization === null ? null : await this.accounts.findByUsername(organization.id, username);
    const matches = await this.passwords.matches(account?.passwordHash ?? NOBODYS_HASH, password);
    const begun = account !== null && matches ? await this.begin(account, work) : null;
    if (account !== null && begun !== null) return { account, result: begun.result };
    await this.recordFailure(organization, account, { username, organization: slug });
    return null;
  }

  private async rotate(token: string): Promise<Login | null> {
    const rotated = await this.refreshTokens.rotate(token);
    const account = rotated === null ? null : await this.accounts.findById(rotated.agentId);
    if (rotated === null || account === null || !account.enabled || !(await this.organizations.isOpen(account.organizationId))) return null;
    return this.answer(account, rotated);
  }

  /** One that names no organization is shown to the operator: nobody else could see it. */
  private async recordFailure(organization: Organization | null, account: AgentAccount | null, details: Record<string, string>): Promise<void> {
    const reader = organization ?? (await this.organizations.findOperator());
    if (reader === null) return;
    const target = { type: 'agent', id: account?.id ?? null };
    await this.audit.record({ organizationId: reader.id, actor: 'anonymous', action: 'auth.login_failed', target, details });
  }

  /** Null when the password was changed or the agent disabled while the password was being checked. */
  private begin<T>(account: AgentAccount, work: (account: AgentAccount) => Promise<T>): Promise<{ result: T } | null> {
    const { organizationId, id, passwordHash } = account;
    return this.unitOfWork.run(async () => {
      const now = await this.accounts.lock(organizationId, id);
      if (now === null || !now.enabled || now.passwordHash !== passwordHash) return null;
      const actor = { kind: 'agent' as const, id, application: null };
      await this.audit.record({ organizationId, actor, action: 'auth.login', target: { type: 'agent', id } });
      return { result: await work(account) };
    });
  }

  private async answer(account: AgentAccount, { token, sessionId }: IssuedToken): Promise<Login> {
    return { account, refreshToken: token, accessToken: await this.accessTokens.issue(account, sessionId), expiresInSeconds: ACCESS_TOKEN_SECONDS };
  }
}
