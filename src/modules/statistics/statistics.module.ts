import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { DepartmentsModule } from '../departments/departments.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { Board } from './board/board.js';
import { FactStore } from './facts/fact-store.js';
import { FactDayEntity, FactEntity, PackEntity } from './facts/facts.entity.js';
import { PackDays } from './facts/pack-days.js';
import { ReadDays } from './facts/read-days.js';
import { CountConversations } from './projection/count-conversations.js';
import { CountTickets } from './projection/count-tickets.js';
import { AgentPeriodEntity, AgentStateEntity, ServingEntity } from './projection/presence.entity.js';
import { ServingAgents } from './projection/serving-agents.js';
import { StatisticsProjection } from './projection/statistics-projection.js';
import { PushedFigureEntity } from './pushed/pushed.entity.js';
import { PushedFigures } from './pushed/pushed-figures.js';
import { PushedRows } from './pushed/pushed-rows.js';
import { Rebuild } from './rebuild/rebuild.js';
import { RebuildEntity } from './rebuild/rebuild.entity.js';
import { OngoingCells } from './report/ongoing-cells.js';
import { ReportPlans } from './report/report-plan.js';
import { StatisticsReport } from './report/statistics-report.js';
import { StatisticsController } from './statistics.controller.js';

const ENTITIES = [FactEntity, FactDayEntity, PackEntity, ServingEntity, AgentStateEntity, AgentPeriodEntity, PushedFigureEntity, RebuildEntity];

@Module({
  imports: [
    AgentsModule, ConversationsModule, DepartmentsModule, MessagesModule, OrganizationsModule, TicketsModule, TypeOrmModule.forFeature(ENTITIES),
  ],
  controllers: [StatisticsController],
  providers: [
    FactStore, PackDays, ReadDays, ServingAgents, CountConversations, CountTickets, StatisticsProjection,
    ReportPlans, OngoingCells, StatisticsReport, PushedFigures, PushedRows, Board, Rebuild,
  ],
})
export class StatisticsModule {}
