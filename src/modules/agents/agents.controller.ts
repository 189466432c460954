import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { ANY_SCOPE, Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { Audited } from '../../platform/http/request-origin.js';
import { IfMatch } from '../../platform/http/etag.js';
import { Throws } from '../../platform/http/throws.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { AGENT_WRITABLE, AgentPageView, AgentView, CreateAgentDto, ListAgentsDto, SetAgentStatusDto, UpdateAgentDto } from './agents.dto.js';
import { AgentsService } from './agents.service.js';

const PATH = '/api/v1/agents';

@ApiTags('agents')
@Controller(PATH)
export class AgentsController {
  constructor(private readonly agents: AgentsService) {}

  /** Creates an agent. Who gives it a password must itself hold the scopes of its role, and see all data. */
  @Post()
  @Audited()
  @Allow('agents:write')
  @AnswersResource({ location: PATH, etagFields: AGENT_WRITABLE })
  @Throws('agent.username_taken', 'agent.scope_not_held', 'agent.data_scope_exceeded')
  create(@Caller() caller: Principal, @Body() input: CreateAgentDto): Promise<AgentView> {
    return this.agents.create(caller, input);
  }

  /** Lists agents, the newest first. */
  @Get()
  @Allow('agents:read')
  @SortsBy('-created_at', 'created_at', '-username', 'username')
  list(@Caller() caller: Principal, @Query() filter: ListAgentsDto): Promise<AgentPageView> {
    return this.agents.list(caller, filter);
  }

  /** Gets one agent. */
  @Get(':id')
  @Allow('agents:read')
  @AnswersResource({ etagFields: AGENT_WRITABLE })
  @Throws('agent.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<AgentView> {
    return this.agents.get(caller, id);
  }

  /**
   * Changes an agent. Fields that the body leaves out stay as they are. Who gives one that can log in another password, role or
   * department, or enables it, must itself hold the scopes of its role, and see all data.
   */
  @Put(':id')
  @Audited()
  @Allow('agents:write')
  @AnswersResource({ etagFields: AGENT_WRITABLE })
  @Throws('agent.not_found', 'agent.username_taken', 'agent.scope_not_held', 'agent.data_scope_exceeded', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateAgentDto, @IfMatch() ifMatch?: string): Promise<AgentView> {
    return this.agents.update(caller, id, input, ifMatch);
  }

  /** Sets the declared status; routing follows it. Agents may set their own, programs that act for them too if they have `conversations:write`; others need `agents:write`. */
  @Put(':id/status')
  @Allow(ANY_SCOPE)
  @AnswersResource({ etagFields: AGENT_WRITABLE })
  @Throws('auth.scope_missing', 'agent.not_found', 'request.precondition_failed')
  setStatus(@Caller() caller: Principal, @Param('id') id: string, @Body() input: SetAgentStatusDto, @IfMatch() ifMatch?: string): Promise<AgentView> {
    return this.agents.setStatus(caller, id, input.status, ifMatch);
  }

  /** Disables an agent. Its open conversations go back to routing, its history stays. */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow('agents:write')
  @Throws('agent.not_found', 'request.precondition_failed')
  async disable(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.agents.disable(caller, id, ifMatch);
  }
}
