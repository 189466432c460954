import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OrganizationEntity, RoutingLockEntity } from './organization.entity.js';
import { Organizations } from './organizations.contract.js';
import { OrganizationsService } from './organizations.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([OrganizationEntity, RoutingLockEntity])],
  providers: [{ provide: Organizations, useClass: OrganizationsService }],
  exports: [Organizations],
})
export class OrganizationsModule {}
