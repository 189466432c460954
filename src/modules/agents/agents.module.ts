import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AgentAccounts } from '../auth/auth.contract.js';
import { AuthModule } from '../auth/auth.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { AgentAccountsService } from './agent-accounts.service.js';
import { AgentFacts } from './agent-facts.contract.js';
import { AgentFactsService } from './agent-facts.service.js';
import { AgentEntity } from './agent.entity.js';
import { AgentsDirectory } from './agents-directory.service.js';
import { AgentRegistry, AgentStatuses, Agents } from './agents.contract.js';
import { AgentsController } from './agents.controller.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';

/** Global because it implements `AgentAccounts` for the auth module, which stands below it and cannot import it. */
@Global()
@Module({
  imports: [AuditModule, AuthModule, OrganizationsModule, TypeOrmModule.forFeature([AgentEntity])],
  controllers: [AgentsController],
  providers: [
    AgentsRepository,
    AgentsService,
    { provide: Agents, useClass: AgentsDirectory },
    { provide: AgentFacts, useClass: AgentFactsService },
    { provide: AgentRegistry, useExisting: AgentsService },
    { provide: AgentStatuses, useExisting: AgentsService },
    { provide: AgentAccounts, useClass: AgentAccountsService },
  ],
  exports: [Agents, AgentFacts, AgentRegistry, AgentStatuses, AgentAccounts],
})
export class AgentsModule {}
