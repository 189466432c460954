import { Injectable } from '@nestjs/common';
import { Cipher } from '../../../platform/crypto/cipher.js';
import type { OutboundRequest } from '../../../platform/outbound/outbound-request.js';
import type { BuiltRequest, CallbackFormat, FormatContext, FormatOptions, StoredEvent } from '../formats/callback-format.js';
import { FormatRegistry } from '../formats/format-registry.js';
import { HEADERS_PURPOSE, OLD_SECRETS_PURPOSE, OPTIONS_PURPOSE, SECRET_PURPOSE } from './endpoint-purposes.js';
import type { EndpointEntity, OldSecret } from './endpoint.entity.js';
import { WebhookSigner } from './webhook-signer.js';

const USER_AGENT = 'crossdesk';

/** An endpoint with its secrets readable, for the time of one pump. */
export class OpenEndpoint {
  constructor(
    readonly endpoint: EndpointEntity,
    readonly format: CallbackFormat,
    private readonly headers: Record<string, string>,
    private readonly options: FormatOptions,
    private readonly signer: WebhookSigner,
  ) {}

  /** The request of one event, as it is sent at that time. */
  requestFor(event: StoredEvent, attemptAt: number): OutboundRequest {
    return this.outbound(this.format.build(event, this.context(attemptAt)));
  }

  /** The request of a batch. The same events in the same order under the same id are the same body. */
  requestForBatch(batchId: string, events: readonly StoredEvent[], attemptAt: number): OutboundRequest {
    if (this.format.buildBatch === undefined) throw new Error(`The format ${this.format.name} knows no batches.`);
    return this.outbound(this.format.buildBatch(batchId, events, this.context(attemptAt)));
  }

  private context(attemptAt: number): FormatContext {
    const { organization_id, url } = this.endpoint;
    return { organizationId: organization_id, url, options: this.options, attemptAt, sign: (id, body) => this.signer.headers(id, body, attemptAt) };
  }

  private outbound({ body, headers, url }: BuiltRequest): OutboundRequest {
    return {
      url: url ?? this.endpoint.url,
      method: 'POST',
      headers: { 'user-agent': USER_AGENT, ...this.headers, ...headers },
      body,
      timeoutMs: this.endpoint.timeout_ms,
      group: this.endpoint.id,
    };
  }
}

/** Reads what of an endpoint is stored encrypted. */
@Injectable()
export class EndpointOpener {
  constructor(
    private readonly formats: FormatRegistry,
    private readonly cipher: Cipher,
  ) {}

  open(endpoint: EndpointEntity): OpenEndpoint {
    const signer = new WebhookSigner(endpoint.signing, this.cipher.decrypt(endpoint.secret, SECRET_PURPOSE), this.oldSecretsOf(endpoint));
    return new OpenEndpoint(endpoint, this.formats.get(endpoint.format), this.headersOf(endpoint), this.optionsOf(endpoint), signer);
  }

  headersOf(endpoint: Pick<EndpointEntity, 'headers'>): Record<string, string> {
    return JSON.parse(this.cipher.decrypt(endpoint.headers, HEADERS_PURPOSE)) as Record<string, string>;
  }

  optionsOf({ format_options }: Pick<EndpointEntity, 'format_options'>): FormatOptions {
    return format_options === null ? {} : (JSON.parse(this.cipher.decrypt(format_options, OPTIONS_PURPOSE)) as FormatOptions);
  }

  /** The newest first; also those that have expired. */
  oldSecretsOf({ old_secrets }: Pick<EndpointEntity, 'old_secrets'>): OldSecret[] {
    return old_secrets === null ? [] : (JSON.parse(this.cipher.decrypt(old_secrets, OLD_SECRETS_PURPOSE)) as OldSecret[]);
  }
}
