import { Inject } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Logger } from 'pino';
import { invalidField } from '../../kernel/domain-error.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { LOGGER } from '../../platform/observability/tokens.js';
import { AgentStatuses } from '../agents/agents.contract.js';
import { acknowledge } from './acknowledge.js';
import type { Acknowledgement } from './acknowledge.js';
import type { Client } from './connections.js';
import { plainPayload } from './plain-payload.js';
import { SocketCallers } from './socket-callers.js';
import { SetStatusDto } from './socket-requests.dto.js';

/**
 * The declared status of an agent. It is the agent's and not the socket's: several tabs are one presence, and one that is
 * closed changes nothing.
 */
@WebSocketGateway({ namespace: '/v1' })
export class AgentStatusGateway {
  constructor(
    private readonly statuses: AgentStatuses,
    private readonly callers: SocketCallers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** An agent sets its own; who has `agents:write` names another by `agent_id`. */
  @SubscribeMessage('agent.set_status')
  setStatus(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      const principal = await this.callers.identified(client);
      const { status, agent_id = principal.kind === 'agent' ? principal.id : undefined } = validate(SetStatusDto, plainPayload(body));
      if (agent_id === undefined) throw invalidField('agent_id', 'required', 'Name the agent whose status it is.');
      return this.statuses.setStatus(principal, agent_id, status);
    });
  }
}
