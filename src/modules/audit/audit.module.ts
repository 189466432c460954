import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditLogEntity } from './audit-log.entity.js';
import { AuditLogsController } from './audit-logs.controller.js';
import { AuditLogsService } from './audit-logs.service.js';
import { AuditTrailService } from './audit-trail.service.js';
import { AuditTrail } from './audit.contract.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditLogEntity])],
  controllers: [AuditLogsController],
  providers: [AuditLogsService, { provide: AuditTrail, useClass: AuditTrailService }],
  exports: [AuditTrail],
})
export class AuditModule {}
