import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { CrmSyncView } from './crm-sync.dto.js';
import { ShowCrmSync } from './show-crm-sync.js';

@ApiTags('crm')
@Controller('/api/v1/crm/sync')
export class CrmSyncController {
  constructor(private readonly syncs: ShowCrmSync) {}

  /** Tells how the import of customers and orders from a CRM stands, which the operator sets up by `CRM_SYNC_URL`. */
  @Get()
  @Allow('crm:read')
  show(@Caller() caller: Principal): Promise<CrmSyncView> {
    return this.syncs.show(caller);
  }
}
