import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import type { Organization } from '../../organizations/organizations.contract.js';
import { AgentAccounts, Passwords } from '../auth.contract.js';
import type { AgentAccount } from '../auth.contract.js';
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
  ) {}

  async login({ username, password, organization: slug = 'default' }: LoginDto): Promise<Login> {
    const organization = await this.organizations.findBySlug(slug);
    const account = organization === null ? null : await this.accounts.findByUsername(organization.id, username);
    const matches = await this.passwords.matches(account?.passwordHash ?? NOBODYS_HASH, password);
    const issued = account !== null && matches ? await this.begin(account) : null;
    if (issued === null) await this.recordFailure(organization, account, { username, organization: slug });
    if (account === null || issued === null) throw new DomainError('unauthenticated', 'auth.login_failed', 'User name or password is wrong.');
    return this.answer(account, issued);
  }

  async refresh(token: string): Promise<Login> {
    const rotated = await this.refreshTokens.rotate(token);
    const account = rotated === null ? null : await this.accounts.findById(rotated.agentId);
    if (rotated === null || account === null || !account.enabled) {
      throw new DomainError('unauthenticated', 'auth.refresh_failed', 'The refresh token is unknown, expired or used.');
    }
    return this.answer(account, rotated);
  }

  /** Ends the log-in that is calling: its tokens and its sockets, on every instance. */
  async logout(principal: Principal): Promise<void> {
    const sessionId = sessionOf(principal);
    await this.unitOfWork.run(async () => {
      await this.refreshTokens.revokeSession(principal.id, sessionId);
      await this.audit.record({ organizationId: principal.organizationId, actor: principal, action: 'auth.logout', target: { type: 'agent', id: principal.id } });
    });
  }

  /** One that names no organization is shown to the operator: nobody else could see it. */
  private async recordFailure(organization: Organization | null, account: AgentAccount | null, details: Record<string, string>): Promise<void> {
    const reader = organization ?? (await this.organizations.findOperator());
    if (reader === null) return;
    const target = { type: 'agent', id: account?.id ?? null };
    await this.audit.record({ organizationId: reader.id, actor: 'anonymous', action: 'auth.login_failed', target, details });
  }

  /** Null when the password was changed or the agent disabled while the password was being checked. */
  private begin({ organizationId, id, passwordHash }: AgentAccount): Promise<IssuedToken | null> {
    return this.unitOfWork.run(async () => {
      const now = await this.accounts.lock(organizationId, id);
      if (now === null || !now.enabled || now.passwordHash !== passwordHash) return null;
      const actor = { kind: 'agent' as const, id, application: null };
      await this.audit.record({ organizationId, actor, action: 'auth.login', target: { type: 'agent', id } });
      return this.refreshTokens.issue(organizationId, id);
    });
  }

  private async answer(account: AgentAccount, { token, sessionId }: IssuedToken): Promise<Login> {
    return { account, refreshToken: token, accessToken: await this.accessTokens.issue(account, sessionId), expiresInSeconds: ACCESS_TOKEN_SECONDS };
  }
}
