import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { withoutRoundedNumbers } from '../../../platform/http/exact-numbers.js';
import { AddressGuard } from '../../../platform/outbound/address-guard.js';
import { OutboundClient, OutboundError } from '../../../platform/outbound/outbound-client.js';
import type { OutboundResponse } from '../../../platform/outbound/outbound-client.js';

export const PAGE_LIMIT = 500;
const TIMEOUT_MS = 30_000;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_CURSOR = 4000;

/** What the CRM gave for one cursor. */
export interface CrmPage {
  customers: readonly unknown[];
  orders: readonly unknown[];
  /** Where to go on; null where it said nothing of it. */
  nextCursor: string | null;
}

/** A page that could not be had; the message says why, without anything of its content. */
export class PageFailure extends Error {
  constructor(
    message: string,
    /** When the CRM asked to come again. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
    this.name = 'PageFailure';
  }
}

/** Asks the CRM for its pages: docs/crm-sync.md says how. */
@Injectable()
export class FetchPage implements OnModuleDestroy {
  private readonly client: OutboundClient;

  constructor(private readonly config: Config) {
    this.client = new OutboundClient({ guard: new AddressGuard(config.values.CRM_SYNC_ALLOW_CIDRS) });
  }

  async onModuleDestroy(): Promise<void> {
    await this.client.destroy();
  }

  /** Throws a PageFailure and nothing else. */
  async fetch(cursor: string | null, signal: AbortSignal): Promise<CrmPage> {
    const { CRM_SYNC_URL, CRM_SYNC_AUTHORIZATION } = this.config.values;
    const url = new URL(CRM_SYNC_URL!);
    url.searchParams.set('limit', String(PAGE_LIMIT));
    if (cursor !== null) url.searchParams.set('cursor', cursor);
    try {
      const response = await this.client.send({
        url: url.href,
        method: 'GET',
        headers: { accept: 'application/json', 'user-agent': 'crossdesk', ...(CRM_SYNC_AUTHORIZATION !== undefined && { authorization: CRM_SYNC_AUTHORIZATION }) },
        body: '',
        timeoutMs: TIMEOUT_MS,
        keptBodyBytes: MAX_PAGE_BYTES + 1,
        signal,
      });
      return readPage(response);
    } catch (error) {
      if (error instanceof OutboundError) throw new PageFailure(`${error.code}: ${error.message}`);
      throw error;
    }
  }
}

function readPage({ status, headers, body }: OutboundResponse): CrmPage {
  if (status !== 200) throw new PageFailure(`The CRM answered ${status}.`, retryAfterMs(headers['retry-after']));
  if (body.length > MAX_PAGE_BYTES) throw new PageFailure(`The page is larger than ${MAX_PAGE_BYTES} bytes.`);
  let page: unknown;
  try {
    page = JSON.parse(withoutRoundedNumbers(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    throw new PageFailure('The page is not JSON in UTF-8, or not all of it arrived.');
  }
  if (typeof page !== 'object' || page === null) throw new PageFailure('The page is not a JSON object.');
  const { customers = [], orders = [], next_cursor = null } = page as Record<string, unknown>;
  if (!Array.isArray(customers) || !Array.isArray(orders)) throw new PageFailure('customers and orders of a page must be lists.');
  if (next_cursor !== null && (typeof next_cursor !== 'string' || next_cursor.length > MAX_CURSOR)) {
    throw new PageFailure(`next_cursor must be null or a text of at most ${MAX_CURSOR} characters.`);
  }
  // Many say with an empty text that there is no more; asked with it they would begin anew.
  return { customers, orders, nextCursor: next_cursor === '' ? null : next_cursor };
}

function retryAfterMs(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null;
}
