import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { AgentAccounts, Passwords } from '../auth.contract.js';
import { LoginThrottle } from '../login-throttle/login-throttle.js';
import type { ChangePasswordDto } from './login.dto.js';
import { sessionOf } from './own-login.js';
import { RefreshTokens } from './refresh-tokens.js';

/** An agent sets its own password. Its other log-ins end, since one of them may be why it does. */
@Injectable()
export class ChangePassword {
  constructor(
    private readonly accounts: AgentAccounts,
    private readonly passwords: Passwords,
    private readonly refreshTokens: RefreshTokens,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly throttle: LoginThrottle,
  ) {}

  /** Who has come by a token must not guess the password with it, so failures are counted as those of a log-in are. */
  async change(principal: Principal, input: ChangePasswordDto, address: string): Promise<void> {
    const sessionId = sessionOf(principal);
    if (input.new_password === input.current_password) throw unchangedPassword();
    const account = ['password of agent', principal.id];
    const changed = await this.throttle.attempt({ account, address }, () => this.tryChange(principal, sessionId, input));
    if (changed === null) throw wrongPassword();
  }

  private async tryChange(principal: Principal, sessionId: string, { current_password, new_password }: ChangePasswordDto): Promise<true | null> {
    const { organizationId, id } = principal;
    const known = (await this.unitOfWork.run(() => this.accounts.lock(organizationId, id)))?.passwordHash ?? null;
    const matches = known !== null && (await this.passwords.matches(known, current_password));
    if (matches && (await this.store(principal, sessionId, known, await this.passwords.hash(new_password)))) return true;
    await this.audit.record({ organizationId, actor: principal, action: 'auth.password_change_failed', target: { type: 'agent', id } });
    return null;
  }

  /** False when the password was changed while it was being checked. */
  private store(principal: Principal, sessionId: string, checkedHash: string, hash: string): Promise<boolean> {
    const { organizationId, id } = principal;
    return this.unitOfWork.run(async () => {
      if ((await this.accounts.lock(organizationId, id))?.passwordHash !== checkedHash) return false;
      await this.accounts.setPassword(organizationId, id, hash);
      await this.refreshTokens.revokeOthers(id, sessionId);
      await this.audit.record({ organizationId, actor: principal, action: 'auth.password_changed', target: { type: 'agent', id }, changes: { password: 'changed' } });
      return true;
    });
  }
}

function wrongPassword(): DomainError {
  const message = 'The current password is wrong.';
  return new DomainError('invalid', 'auth.password_wrong', message, { errors: [{ field: 'current_password', code: 'auth.password_wrong', message }] });
}

function unchangedPassword(): DomainError {
  const message = 'The new password is the current one.';
  return new DomainError('invalid', 'auth.password_unchanged', message, { errors: [{ field: 'new_password', code: 'auth.password_unchanged', message }] });
}
