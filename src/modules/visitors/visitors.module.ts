import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { VisitorEntity } from './visitor.entity.js';
import { Visitors } from './visitors.contract.js';
import { VisitorsController } from './visitors.controller.js';
import { VisitorsRepository } from './visitors.repository.js';
import { VisitorsService } from './visitors.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([VisitorEntity])],
  controllers: [VisitorsController],
  providers: [VisitorsRepository, VisitorsService, { provide: Visitors, useExisting: VisitorsService }],
  exports: [Visitors],
})
export class VisitorsModule {}
