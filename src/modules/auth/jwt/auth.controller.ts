import { Body, Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { ANY_SCOPE, Allow, Caller, Public } from '../../../platform/http/allow.js';
import { ExampleAnswer } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { ClientAddress } from '../../../platform/addresses/client-address.js';
import { Throws } from '../../../platform/http/throws.js';
import { AgentAccounts } from '../auth.contract.js';
import type { AgentAccount } from '../auth.contract.js';
import { ChangePassword } from './change-password.js';
import { ChangePasswordDto, LoginAgentView, LoginDto, LoginView, MeView, RefreshDto } from './login.dto.js';
import { LoginService } from './login.service.js';
import type { Login } from './login.service.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly passwords: ChangePassword,
    private readonly accounts: AgentAccounts,
  ) {}

  /** Logs an agent in by password. */
  @Post('login')
  @Public()
  @Audited()
  @HttpCode(200)
  @Throws('auth.login_failed')
  async login(@Body() input: LoginDto, @ClientAddress() address: string): Promise<LoginView> {
    return toView(await this.logins.login(input, address));
  }

  /** Exchanges a refresh token for a new pair of tokens; a refresh token can be used once. */
  @Post('refresh')
  @Public()
  @Audited()
  @HttpCode(200)
  @Throws('auth.refresh_failed')
  async refresh(@Body() input: RefreshDto, @ClientAddress() address: string): Promise<LoginView> {
    return toView(await this.logins.refresh(input.refresh_token, address));
  }

  /** Ends this log-in at once: its access token, its refresh tokens and its sockets. Others of the agent go on. */
  @Post('logout')
  @Allow(ANY_SCOPE)
  @Audited()
  @HttpCode(204)
  @Throws('auth.login_required')
  async logout(@Caller() caller: Principal): Promise<void> {
    await this.logins.logout(caller);
  }

  /** Sets the caller's own password. All other log-ins of the agent end, this one goes on. */
  @Put('password')
  @Allow(ANY_SCOPE)
  @Audited()
  @HttpCode(204)
  @Throws('auth.login_required', 'auth.password_wrong', 'auth.password_unchanged')
  async changePassword(@Caller() caller: Principal, @Body() input: ChangePasswordDto, @ClientAddress() address: string): Promise<void> {
    await this.passwords.change(caller, input, address);
  }

  /** Tells whose credential this is and what it may do. */
  @Get('me')
  @Allow(ANY_SCOPE)
  @ExampleAnswer({ agent: null })
  async me(@Caller() caller: Principal): Promise<MeView> {
    const account = caller.kind === 'agent' ? await this.accounts.findById(caller.id) : null;
    return {
      // No visitor gets past the guard.
      kind: caller.kind as MeView['kind'],
      id: caller.id,
      organization_id: caller.organizationId,
      scopes: [...caller.scopes],
      application_id: caller.application?.id ?? null,
      agent: account === null ? null : toAgentView(account),
    };
  }
}

function toView({ account, accessToken, refreshToken, expiresInSeconds }: Login): LoginView {
  return { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: expiresInSeconds, agent: toAgentView(account) };
}

function toAgentView({ id, username, role, organizationId, department }: AgentAccount): LoginAgentView {
  return { id, username, role, organization_id: organizationId, department };
}
