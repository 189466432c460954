import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { hasScope } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { requireAllowedAddress } from '../../platform/addresses/address-allowlist.js';
import { ANY_SCOPE, PUBLIC, SCOPE, UNLIMITED } from '../../platform/http/allow.js';
import { RequestLimits, answerStanding } from '../../platform/limits/request-limits.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { credentialOf, invalidCredential } from './credential.js';
import type { Credential } from './credential.js';
import { CredentialStrategies } from './strategies.js';

function passportGuard(strategy: string): CanActivate {
  class StrategyGuard extends AuthGuard(strategy) {
    override handleRequest<T>(error: unknown, principal: unknown): T {
      if (error) throw error;
      return principal as T;
    }
  }
  return new StrategyGuard();
}

/** The one guard of all routes. A presented credential decides its strategy, and a wrong one fails: nothing falls through. */
@Injectable()
export class CredentialGuard implements CanActivate {
  private readonly guards: Record<Credential['kind'], CanActivate>;

  constructor(
    private readonly reflector: Reflector,
    private readonly strategies: CredentialStrategies,
    private readonly limits: RequestLimits,
    private readonly organizations: Organizations,
  ) {
    const { names } = strategies;
    this.guards = { 'api-key': passportGuard(names['api-key']), jwt: passportGuard(names.jwt), signature: passportGuard(names.signature), oauth: passportGuard(names.oauth) };
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return this.admitStranger(context, targets);
    const scope = this.reflector.getAllAndOverride<string | undefined>(SCOPE, targets);
    if (scope === undefined) throw new DomainError('forbidden', 'auth.route_closed', 'This route is open to nobody.');
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
    const principal = await this.identify(context, request);
    request.principal = principal;
    const counted = this.limits.ofCaller(principal);
    if (counted !== null) answerStanding(await counted, context.switchToHttp().getResponse<FastifyReply>());
    if (scope !== ANY_SCOPE && !hasScope(principal, scope)) {
      throw new DomainError('forbidden', 'auth.scope_missing', `This needs the scope ${scope}.`, { extra: { required_scope: scope } });
    }
    return true;
  }

  private async admitStranger(context: ExecutionContext, targets: Parameters<Reflector['getAllAndOverride']>[1]): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean | undefined>(UNLIMITED, targets) !== true) await this.countStranger(context);
    return true;
  }

  private async countStranger(context: ExecutionContext): Promise<void> {
    const http = context.switchToHttp();
    const counted = this.limits.ofAddress(() => http.getRequest<FastifyRequest>().clientAddress);
    if (counted !== null) answerStanding(await counted, http.getResponse<FastifyReply>());
  }

  /** A request that shows no good credential, or one from where it may not be used, takes nothing from its owner's limit. */
  private async identify(context: ExecutionContext, request: FastifyRequest & { user?: Principal }): Promise<Principal> {
    try {
      const principal = this.strategies.verified(credentialOf(request.raw)) ?? (await this.authenticate(context, request));
      await this.requireOpen(principal);
      requireAllowedAddress(principal, () => request.clientAddress);
      return principal;
    } catch (error) {
      await this.countStranger(context);
      throw error;
    }
  }

  /** Here for credentials of all kinds: those of a closed organization are not looked for one by one. */
  private async requireOpen({ organizationId }: Principal): Promise<void> {
    if (this.organizations.isKnownOpen(organizationId) || (await this.organizations.isOpen(organizationId))) return;
    throw invalidCredential();
  }

  private async authenticate(context: ExecutionContext, request: FastifyRequest & { user?: Principal }): Promise<Principal> {
    await this.guards[credentialOf(request.raw).kind].canActivate(context);
    return request.user!;
  }
}
