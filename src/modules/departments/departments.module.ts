import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { BusinessHoursController } from './business-hours.controller.js';
import { BusinessHoursEntity } from './business-hours.entity.js';
import { BusinessHoursRepository } from './business-hours.repository.js';
import { BusinessHoursService } from './business-hours.service.js';
import { DepartmentEntity } from './department.entity.js';
import { DepartmentSettingsService } from './department-settings.service.js';
import { Departments } from './departments.contract.js';
import { DepartmentsController } from './departments.controller.js';
import { DepartmentsRepository } from './departments.repository.js';
import { DepartmentsService } from './departments.service.js';

@Module({
  imports: [AuditModule, OrganizationsModule, TypeOrmModule.forFeature([DepartmentEntity, BusinessHoursEntity])],
  controllers: [DepartmentsController, BusinessHoursController],
  providers: [
    DepartmentsRepository,
    DepartmentsService,
    BusinessHoursRepository,
    BusinessHoursService,
    { provide: Departments, useClass: DepartmentSettingsService },
  ],
  exports: [Departments],
})
export class DepartmentsModule {}
