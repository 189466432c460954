import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock, toUnixSeconds } from '../../../kernel/clock.js';
import { TokenKeys } from './token-keys.js';

const ISSUER = 'crossdesk';

/** Whom a token is for; one that was signed for one audience is nothing to another. */
export type Audience = 'crossdesk:api' | 'crossdesk:visitor';

export interface TokenClaims {
  sub: string;
  org: string;
  iat: number;
  exp: number;
}

/** JWTs that this service signs and reads itself. */
@Injectable()
export class SignedTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: TokenKeys,
    private readonly clock: Clock,
  ) {}

  async sign(audience: Audience, claims: { sub: string; org: string } & Record<string, string>, lifetimeSeconds: number): Promise<string> {
    const key = await this.keys.current();
    const iat = toUnixSeconds(this.clock.now());
    const options = { secret: key.secret as unknown as Buffer, keyid: key.id, algorithm: 'HS256' as const, issuer: ISSUER, audience };
    return this.jwt.sign({ ...claims, iat, exp: iat + lifetimeSeconds }, options);
  }

  /** Null for a token that is forged, expired, or for another audience. */
  async read<T extends TokenClaims>(audience: Audience, token: string): Promise<T | null> {
    try {
      const header = (this.jwt.decode(token, { complete: true }) as { header?: { kid?: unknown } } | null)?.header;
      const key = typeof header?.kid === 'string' ? await this.keys.find(header.kid) : null;
      if (key === null) return null;
      return this.jwt.verify<T>(token, {
        secret: key.secret as unknown as Buffer, algorithms: ['HS256'], issuer: ISSUER, audience, clockTimestamp: toUnixSeconds(this.clock.now()),
      });
    } catch {
      return null;
    }
  }
}
