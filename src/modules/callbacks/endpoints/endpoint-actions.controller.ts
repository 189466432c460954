import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleAnswer, ExampleBodies } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { EnableEndpoint } from './enable-endpoint.js';
import { RotateSecretDto, TestEndpointDto } from './endpoints.dto.js';
import { CreatedEndpointView, ENDPOINT_WRITABLE, EndpointTestView, EndpointView } from './endpoints.view.dto.js';
import { RotateSecret } from './rotate-secret.js';
import { TestEndpoint } from './test-endpoint.js';

@ApiTags('callbacks')
@Controller('/api/v1/callbacks/:id')
export class EndpointActionsController {
  constructor(
    private readonly rotation: RotateSecret,
    private readonly enabling: EnableEndpoint,
    private readonly testing: TestEndpoint,
  ) {}

  /**
   * Gives an endpoint a new secret, which is answered once, or with ed25519 a new key pair. Until the overlap has passed
   * each request has a signature by either, separated by a space, the newest first. Of what was replaced before, what
   * still overlaps is used too: at most 10 old ones.
   */
  @Post('rotate-secret')
  @HttpCode(200)
  @Audited()
  @Allow('callbacks:write')
  @ExampleBodies({ 'Both for a day': { overlap_seconds: 86400 }, 'Your own secret, at once': { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', overlap_seconds: 0 } })
  @ExampleAnswer({ secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' })
  @AnswersResource({ etagFields: ENDPOINT_WRITABLE })
  @Throws('callback.not_found', 'callback.secret_in_use', 'callback.too_many_secrets')
  rotate(@Caller() caller: Principal, @Param('id') id: string, @Body() input: RotateSecretDto): Promise<CreatedEndpointView> {
    return this.rotation.rotate(caller, id, input);
  }

  /**
   * Enables an endpoint and ends its suspension. What was waiting when it was disabled is sent now; what happened while it
   * was disabled is not, until it is recovered.
   */
  @Post('enable')
  @HttpCode(200)
  @Audited()
  @Allow('callbacks:write')
  @AnswersResource({ etagFields: ENDPOINT_WRITABLE })
  @Throws('callback.not_found', 'callback.creator_disabled')
  enable(@Caller() caller: Principal, @Param('id') id: string): Promise<EndpointView> {
    return this.enabling.enable(caller, id);
  }

  /**
   * Sends an example of an event now, and answers how the receiver took it. It is signed and in the format of the
   * endpoint, a batch of one where that gets batches, and has the header `webhook-test: true`. Also while the endpoint is
   * disabled. Nothing of it is stored or tried again.
   */
  @Post('test')
  @HttpCode(200)
  @Allow('callbacks:write')
  @ExampleBodies({ 'A message of a visitor': { event: 'message.received' } })
  @Throws('callback.not_found')
  test(@Caller() caller: Principal, @Param('id') id: string, @Body() input: TestEndpointDto): Promise<EndpointTestView> {
    return this.testing.test(caller, id, input);
  }
}
