import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { AuditLogPageView, ListAuditLogsDto } from './audit-logs.dto.js';
import { AuditLogsService } from './audit-logs.service.js';

@ApiTags('audit')
@Controller('/api/v1/audit-logs')
export class AuditLogsController {
  constructor(private readonly logs: AuditLogsService) {}

  /** Lists who did what to which object, from which address, the newest first. Nobody can change or delete an entry. */
  @Get()
  @Allow('audit:read')
  @SortsBy('-created_at', 'created_at')
  list(@Caller() caller: Principal, @Query() filter: ListAuditLogsDto): Promise<AuditLogPageView> {
    return this.logs.list(caller, filter);
  }
}
