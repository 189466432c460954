import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsInt, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent } from '../../../platform/http/validation/rules.js';
import { AUTH_METHODS, GRANT_TYPES } from './oauth-client.js';
import type { AuthMethod, GrantType } from './oauth-client.js';
import { IsRedirectUri } from './redirect-uri.js';

const MAX_REDIRECT_URIS = 20;
const MAX_OVERLAP_SECONDS = 7 * 24 * 60 * 60;

/** What may be changed of a client. */
export class UpdateOauthClientDto {
  /** @example 'Web shop' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name?: string;

  /**
   * Where agents are sent back to; compared character by character.
   * @example ['https://shop.example.com/oauth/callback']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_REDIRECT_URIS)
  @ArrayUnique()
  @MaxLength(2000, { each: true })
  @IsRedirectUri({ each: true })
  redirect_uris?: string[];

  /**
   * `authorization_code` needs a redirect URI, `refresh_token` goes with it, `client_credentials` needs a secret.
   * @example ['authorization_code', 'refresh_token']
   */
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(GRANT_TYPES.length)
  @ArrayUnique()
  @IsIn(GRANT_TYPES, { each: true })
  grant_types?: GrantType[];
}

export class CreateOauthClientDto extends UpdateOauthClientDto {
  /**
   * `client_credentials` when absent.
   * @example ['authorization_code', 'refresh_token']
   */
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(GRANT_TYPES.length)
  @ArrayUnique()
  @IsIn(GRANT_TYPES, { each: true })
  declare grant_types?: GrantType[];

  /**
   * `none` for a program that cannot keep a secret: it is given none, and proves itself by PKCE. `client_secret_basic`
   * when absent; a client with a secret may send it either way.
   * @example 'client_secret_basic'
   */
  @IfPresent()
  @IsIn(AUTH_METHODS)
  token_endpoint_auth_method?: AuthMethod;
}

export class RotateOauthClientDto {
  /**
   * How long the present secret is accepted beside the new one; not at all when absent.
   * @example 3600
   */
  @IfPresent()
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlap_seconds?: number;
}

export class ListOauthClientsDto extends PageQueryDto {}

export const CLIENT_WRITABLE = ['name', 'redirect_uris', 'grant_types'] as const;

/** A program that may ask for access tokens of its application. */
export class OauthClientView {
  /** @example 'oac_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /**
   * The same as `id`, under its name in OAuth.
   * @example 'oac_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  client_id: string;
  /** @example 'app_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  application_id: string;
  /** @example 'Web shop' */
  name: string;
  /** @example ['https://shop.example.com/oauth/callback'] */
  redirect_uris: string[];
  /** @example ['authorization_code', 'refresh_token'] */
  grant_types: GrantType[];
  /** @example 'client_secret_basic' */
  token_endpoint_auth_method: AuthMethod;
  /**
   * Until when the secret before the present one is accepted; null when it is not.
   * @example null
   */
  previous_secret_expires_at: string | null;
  /**
   * When it was last given a token, to the minute.
   * @example '2026-03-01T09:30:00.000Z'
   */
  last_used_at: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class OauthClientWithSecretView extends OauthClientView {
  /**
   * Shown here and never again; null for a public client.
   * @example 'cds_8xQv1Zt0aJ8m1x2c3v4b5n6m7q8w9e0rTyUiOpAsDfG'
   */
  client_secret: string | null;
}

export class OauthClientPageView {
  data: OauthClientView[];
  /** @example null */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}
