import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AgentAccounts } from '../auth/auth.contract.js';
import { AuthModule } from '../auth/auth.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { AgentAccountsService } from './agent-accounts.service.js';
import { AgentEntity } from './agent.entity.js';
import { AgentsDirectory } from './agents-directory.service.js';
import { AgentRegistry, Agents } from './agents.contract.js';
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
    { provide: AgentRegistry, useExisting: AgentsService },
    { provide: AgentAccounts, useClass: AgentAccountsService },
  ],
  exports: [Agents, AgentRegistry, AgentAccounts],
})
export class AgentsModule {}
