import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { CreateSigningKeyDto, CreatedSigningKeyView, ListSigningKeysDto, RotateSigningKeyDto, SigningKeyPageView, SigningKeyView } from './signing-keys.dto.js';
import { SigningKeysService } from './signing-keys.service.js';

const PATH = '/api/v1/applications/:id/signing-keys';

@ApiTags('applications')
@Controller(PATH)
export class SigningKeysController {
  constructor(private readonly keys: SigningKeysService) {}

  /** Makes a key that the application signs requests with (RFC 9421), and answers what is secret of it once. */
  @Post()
  @Audited()
  @Allow('applications:write')
  @ExampleBodies({
    'A secret that both sides hold': { name: 'Production', algorithm: 'hmac-sha256' },
    'A private key, made here': { name: 'Production', algorithm: 'ed25519', expires_at: '2027-03-01T09:30:00Z' },
    'A private key that stays with the caller': {
      name: 'Production', algorithm: 'ed25519',
      public_key: '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n',
    },
  })
  @AnswersResource({ location: PATH })
  @Throws('application.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'signing_key.too_many')
  create(@Caller() caller: Principal, @Param('id') id: string, @Body() input: CreateSigningKeyDto): Promise<CreatedSigningKeyView> {
    return this.keys.create(caller, id, input);
  }

  /** Lists the signing keys of an application, the newest first; never what is secret of them. */
  @Get()
  @Allow('applications:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('application.not_found')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() page: ListSigningKeysDto): Promise<SigningKeyPageView> {
    return this.keys.list(caller, id, page);
  }

  /** Gets one signing key of an application. */
  @Get(':key_id')
  @Allow('applications:read')
  @Throws('application.not_found', 'signing_key.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string): Promise<SigningKeyView> {
    return this.keys.get(caller, id, keyId);
  }

  /** Revokes a signing key: what it signs is refused from now on. */
  @Delete(':key_id')
  @Audited()
  @HttpCode(204)
  @Allow('applications:write')
  @Throws('application.not_found', 'application.data_scope_exceeded', 'signing_key.not_found')
  async revoke(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string): Promise<void> {
    await this.keys.revoke(caller, id, keyId);
  }

  /** Makes a new signing key in the place of another one, which stays good for the overlap. Answers what is secret of the new one once. */
  @Post(':key_id/rotate')
  @Audited()
  @Allow('applications:write')
  @ExampleBodies({ 'Both for an hour': { overlap_seconds: 3600 } })
  @AnswersResource({ location: PATH })
  @Throws(
    'application.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'signing_key.not_found', 'signing_key.rotated', 'signing_key.expired',
    'signing_key.too_many',
  )
  rotate(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string, @Body() input: RotateSigningKeyDto): Promise<CreatedSigningKeyView> {
    return this.keys.rotate(caller, id, keyId, input);
  }
}
