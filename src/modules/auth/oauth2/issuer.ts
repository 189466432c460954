import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AddressInfo, Server } from 'node:net';
import { Config } from '../../../platform/config/config.js';

const API_PATH = '/api/v1';

/** Under which name this service issues tokens, and for whom they are. */
@Injectable()
export class Issuer {
  constructor(
    private readonly config: Config,
    private readonly host: HttpAdapterHost,
  ) {}

  /** PUBLIC_URL, or the address that this process listens on. */
  get url(): string {
    const { publicUrl, values } = this.config;
    if (values.PUBLIC_URL !== undefined || values.PORT !== 0) return publicUrl;
    const address = (this.host.httpAdapter.getHttpServer() as Server).address() as AddressInfo | null;
    return address === null ? publicUrl : publicUrl.replace(/:0$/, `:${address.port}`);
  }

  /** The API as a resource (RFC 8707). */
  get audience(): string {
    return this.url + API_PATH;
  }

  /** Without a PUBLIC_URL each instance has a name of its own, and each of them means the one API. */
  isAudience(audience: unknown): boolean {
    if (this.config.values.PUBLIC_URL !== undefined) return audience === this.audience;
    return typeof audience === 'string' && URL.canParse(audience) && new URL(audience).pathname === API_PATH;
  }
}
