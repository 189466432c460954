import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError, excerpt, invalidField } from '../../../kernel/domain-error.js';
import { Beforehand } from '../../../platform/idempotency/beforehand.js';
import { AddressGuard } from '../../../platform/outbound/address-guard.js';
import { OutboundClient, OutboundError } from '../../../platform/outbound/outbound-client.js';
import type { BatchOptions, CallbackFormat, FormatOptions } from '../formats/callback-format.js';
import { FormatRegistry } from '../formats/format-registry.js';

const VISIT_TIMEOUT_MS = 10_000;

/** What is sent where: all that a receiver may have to agree to. */
export interface Destination {
  format: CallbackFormat;
  url: string;
  options: FormatOptions;
}

/** What an endpoint has to keep to beside the form of each field. */
@Injectable()
export class EndpointRules {
  constructor(
    private readonly formats: FormatRegistry,
    private readonly guard: AddressGuard,
    private readonly client: OutboundClient,
    private readonly beforehand: Beforehand,
    private readonly clock: Clock,
  ) {}

  /** A name is checked when it is connected to, since what it resolves to may change; a literal cannot. */
  assertReachable(url: string): void {
    const literal = this.guard.literalHost(new URL(url));
    if (literal === null || this.guard.verdict(literal) === 'allowed') return;
    const code = 'callback.address_forbidden';
    const message = `${literal} is an internal address. CALLBACK_ALLOW_CIDRS opens ranges that callbacks may reach.`;
    throw new DomainError('invalid', code, message, { errors: [{ field: 'url', code, message }] });
  }

  formatNamed(name: string): CallbackFormat {
    const format = this.formats.find(name);
    if (format !== null) return format;
    throw invalidField('format', 'unknown_format', `format must be one of ${this.formats.names.join(', ')}`);
  }

  assertFits(format: CallbackFormat, options: FormatOptions, batch: BatchOptions | null): void {
    const [fault] = format.faultsOf(options);
    if (fault !== undefined) throw invalidField(`format_options.${excerpt(fault.field)}`, 'invalid_option', fault.message);
    if (batch !== null && format.buildBatch === undefined) throw invalidField('batch', 'not_for_format', `The format ${format.name} knows no batches.`);
  }

  /** Lets the format ask the receiver, where it has a way to. Takes as long as the receiver does: not for inside of a unit of work. */
  async verify({ format, url, options }: Destination): Promise<void> {
    const refusal = await this.beforehand.do(`callback verification ${identityOf({ format, url, options })}`, () => this.visit({ format, url, options }));
    if (refusal === null) return;
    throw new DomainError('invalid', 'callback.verification_failed', refusal, {
      errors: [{ field: 'url', code: 'callback.verification_failed', message: refusal }],
    });
  }

  private async visit({ format, url, options }: Destination): Promise<string | null> {
    try {
      const refusal = await format.verifyUrl?.({
        url, options, at: this.clock.now(),
        send: (request) => this.client.send({ ...request, timeoutMs: VISIT_TIMEOUT_MS, group: 'verification' }),
      });
      return refusal ?? null;
    } catch (error) {
      if (error instanceof OutboundError) return `The receiver gave no answer: ${error.message}`;
      throw error;
    }
  }
}

/** The same for destinations that a receiver need not be asked about again. */
export function identityOf({ format, url, options }: Destination): string {
  return JSON.stringify([format.name, url, options]);
}
