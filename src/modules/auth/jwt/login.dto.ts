import { IsString, MaxLength, MinLength } from 'class-validator';
import { IfPresent } from '../../../platform/http/validation/rules.js';

export class LoginDto {
  /** @example 'admin' */
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  username: string;

  /** @example 'correct horse battery staple' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  password: string;

  /**
   * Slug of the organization; `default` when absent.
   * @example 'default'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  organization?: string;
}

export class RefreshDto {
  /** @example 'cdr_4Zt0aJ8m1x2c3v4b5n6m7q8w9e0r' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  refresh_token: string;
}

export class ChangePasswordDto {
  /** @example 'correct horse battery staple' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  current_password: string;

  /** @example 'staple battery horse correct' */
  @IsString()
  @MinLength(8)
  @MaxLength(200)
  new_password: string;
}

/** The agent that logged in. */
export class LoginAgentView {
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'admin' */
  username: string;
  /** @example 'admin' */
  role: 'agent' | 'supervisor' | 'admin';
  /** @example 'org_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  organization_id: string;
  /** @example 'support' */
  department: string | null;
}

export class LoginView {
  /** @example 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZ3RfMDEifQ.c2ln' */
  access_token: string;
  /** @example 'cdr_4Zt0aJ8m1x2c3v4b5n6m7q8w9e0r' */
  refresh_token: string;
  /** @example 'Bearer' */
  token_type: string;
  /**
   * Seconds that the access token is valid.
   * @example 900
   */
  expires_in: number;
  agent: LoginAgentView;
}

/** Who the presented credential belongs to. */
export class MeView {
  /** @example 'api_key' */
  kind: 'api_key' | 'agent' | 'oauth_client' | 'signing_key';
  /** @example 'key_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'org_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  organization_id: string;
  /** @example ['*'] */
  scopes: string[];
  /**
   * The application that confines the credential; null for an agent's log-in and for keys that belong to none.
   * @example 'app_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  application_id: string | null;
  /** Set for agents. */
  agent: LoginAgentView | null;
}
